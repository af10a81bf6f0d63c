/** The folder of a program that runs without a sandbox: reads, replaces and links files in it. */
import { constants } from "node:fs";
import { mkdir, open, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bytes } from "../../../lib/bytes/bytes.ts";

/** The longest file, in bytes, that is read. */
const READ_LIMIT = 64 * 1024;

export class ProgramFolder {
  readonly #folder: string;
  /** The contents last read or written, by name. */
  readonly #known = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** As `Machine.readFile`. */
  async read(name: string): Promise<Bytes | undefined | null> {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
    const file = await open(join(this.#folder, name), flags).catch(() => undefined);
    if (!file) return this.#known.delete(name) ? null : undefined;
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > READ_LIMIT) return undefined;
      const content = await file.readFile();
      if (this.#known.get(name) === content.toString("latin1")) return undefined;
      this.#known.set(name, content.toString("latin1"));
      return new Uint8Array(content);
    } finally {
      await file.close();
    }
  }

  /** As `Machine.writeFile`. */
  write(name: string, content: Bytes, mode: number): Promise<string> {
    return this.#make(name, async (path) => {
      await writeFile(`${path}.written`, content, { mode, flag: "wx" });
      await rename(`${path}.written`, path);
      this.#known.set(name, Buffer.from(content).toString("latin1"));
    });
  }

  /** As `Machine.makeLink`. */
  link(name: string, target: string): Promise<string> {
    return this.#make(name, (path) => symlink(target, path));
  }

  async #make(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const path = join(this.#folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await make(path);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
