/** Tasks whose programs carry files: where those lie, how they are named, and what stands in those that were stored. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join, posix } from "node:path";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { shellQuoted } from "../../../lib/bytes/printable.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Transfer } from "../model/session.ts";
import type { Machine } from "../sandbox/machine.ts";
import type { Program } from "./program.ts";

/** What stands before the content of a file, where it is read as a program's output. */
export const STORED = "stored file: ";
const NAME_LENGTH = 18;
const LETTERS = "abcdefghijkmnopqrstuvwxyz012345";

/** The name of the file with this content: nobody can know it but who was told. */
export function fileNameFor(text: string): string {
  const hash = createHash("sha256").update(`name of\0${text}`).digest().subarray(0, NAME_LENGTH);
  return `${Array.from(hash, (byte) => LETTERS[byte % LETTERS.length]).join("")}.txt`;
}

/** Where a file of this name lies, relative to the task's folder; undefined where that is outside. */
export function pathFor(pattern: string, name: string): string | undefined {
  const path = posix.normalize(pattern.replaceAll("{name}", () => name));
  return path === ".." || path.startsWith("../") || path.startsWith("/") ? undefined : path;
}

/** What a client is told to carry: what follows from the texts of both sides, but for what is said otherwise. */
function transferOf(message: string, reply: string, { put, get }: Transfer = {}) {
  const usual = { name: fileNameFor(message), content: encodeUtf8(message), at: undefined };
  return { put: put ?? usual, get: get ?? fileNameFor(reply) };
}

interface Watched {
  machine: Machine;
  program: Program;
  path: string;
  /** The client for which it is watched. */
  client: Program | undefined;
}

/** The files that the programs of one stage have and store. Nothing of it happens where programs print. */
export class SessionFiles {
  readonly #places: TaskManifest["files"];
  readonly #reply: string;
  readonly #record: (event: EventWithoutTime) => void;
  #watched: Watched[] = [];
  /** All paths of files that this stage has put somewhere, or expected there. */
  readonly #used = new Set<string>();

  /** @param reply what the server's file says */
  constructor(places: TaskManifest["files"], reply: string, record: (event: EventWithoutTime) => void) {
    this.#places = places;
    this.#reply = reply;
    this.#record = record;
  }

  /** What a program of `side` is told, for the placeholders. */
  words(side: Side, text: string, transfer?: Transfer): Record<string, string> {
    if (!this.#places) return { [side === "server" ? "reply" : "message"]: text };
    if (side === "server") return {};
    const { put, get } = transferOf(text, this.#reply, transfer);
    return { put: put.name, get };
  }

  /** Puts the files there that a program of `side` has. */
  async serverFiles(machine: Machine, side: Side, text: string, transfer?: Transfer): Promise<void> {
    if (!this.#places) return;
    const { server, client } = this.#places;
    const { name, content, at } =
      side === "server"
        ? { name: fileNameFor(text), content: encodeUtf8(text), at: undefined }
        : transferOf(text, this.#reply, transfer).put;
    const path = at ?? pathFor(side === "server" ? server.get : client.put, name);
    if (path === undefined) return;
    this.#used.add(path);
    await machine.writeFile(path, content);
  }

  /** Both sides' files of an exchange count as output from now on. */
  follow(server: Place, client: Place, message: string): void {
    this.#watched = this.#watched.filter((watched) => watched.client?.ended === undefined);
    this.#watch(server, this.#places?.server.put, message, client.program);
    this.#watch(client, this.#places?.client.get, this.#reply, client.program);
  }

  /** The server's file with this text counts as output from now on. */
  expect(server: Place, message: string): void {
    this.#watch(server, this.#places?.server.put, message, undefined);
  }

  #watch({ machine, program }: Place, pattern = "", text: string, client: Program | undefined): void {
    const path = pattern === "" ? undefined : pathFor(pattern, fileNameFor(text));
    if (path === undefined) return;
    this.#used.add(path);
    const isKnown = this.#watched.some((file) => file.machine === machine && file.path === path);
    if (!isKnown) this.#watched.push({ machine, program, path, client });
  }

  async look(): Promise<void> {
    for (const { machine, program, path } of [...this.#watched]) {
      const content = await machine.readFile(path);
      if (content === undefined) continue;
      if (content === null) {
        program.stored.delete(path);
        continue;
      }
      const text = Buffer.from(content).toString("utf8");
      program.stored.set(path, `${STORED}${text}`);
      const { side, number } = program;
      this.#record({ type: "printed", side, program: number, stream: "file", text: `${text}\n` });
    }
  }

  /** Puts something else in the place of the server's file with this text, so that it is seen when that comes again. */
  async supersede({ machine, program }: Place, message: string): Promise<void> {
    const path = this.#places && pathFor(this.#places.server.put, fileNameFor(message));
    if (path === undefined || !program.stored.has(path)) return;
    await machine.writeFile(path, encodeUtf8("a newer version"));
    program.stored.delete(path);
  }

  /** Removes the files of this stage from the folder of a program that it has kept. */
  tidy(folder: string): void {
    for (const path of this.#used) rmSync(join(folder, path), { force: true });
  }
}

interface Place {
  machine: Machine;
  program: Program;
}

/** Several commands as one: each once the one before has ended, and the status of the last that failed. */
export function inTurn(commands: readonly string[][]): string[] {
  const [only] = commands;
  if (only && commands.length === 1) return only;
  const lines = commands.map((command) => `${command.map(shellQuoted).join(" ")} || status=$?`);
  return ["sh", "-c", ["status=0", ...lines, 'exit "$status"'].join("\n")];
}
