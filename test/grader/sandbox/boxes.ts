/** Runs programs in boxes: Linux namespaces, made by bubblewrap without any privilege. */
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import type { TaskManifest } from "../manifest/manifest.ts";
import { boxCommand, ETC_FILES, LIMITS } from "./box.ts";
import { BoxHelper } from "./box-helper.ts";
import { findRuntimes, MODULES, SYSTEM_PATH } from "./runtimes.ts";
import type { MachineOptions, Sandbox, SessionMachines } from "./sandbox.ts";
import { seccompFilter } from "./seccomp.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 10_001;
/** The ports from which programs connect: those of server and clients differ, so that each is free on the other side. */
const SERVER_PORTS = [32_768, 45_999];
const CLIENT_PORTS = [46_000, 60_999];
/** How many clients of a stage have ports of their own. */
const CLIENTS = 10;

/** Large packages that no program of a submission uses. */
const NOT_NEEDED = ["typescript", "@typescript", "@biomejs", ".cache"];

/** Whom boxes belong to: root gives them to a user that nobody is, since even in a box root could do harm. */
export const BOX_UID = process.getuid?.() === 0 ? 61_000 : undefined;

/** Returns why there can be no boxes here, in one line; undefined when there can. */
export function whyNoBoxes(): Promise<string | undefined> {
  known ??= tryBox();
  return known;
}

let known: Promise<string | undefined> | undefined;

async function tryBox(): Promise<string | undefined> {
  if (process.platform !== "linux") return `${process.platform} has no namespaces`;
  const boxes = new Boxes();
  try {
    const machines = await boxes.open({ hosts: [], port: undefined });
    const nothing = { source: boxes.base, folder: ".", command: ["true"], env: {}, limits: LIMITS };
    const endpoint = boxes.endpoint({ port: undefined });
    const machine = await machines.create({ side: "server", endpoint, ...nothing });
    await machine.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await boxes.close();
  }
}

export class Boxes implements Sandbox {
  readonly isolation = { kind: "namespaces" as const, notes: [] };
  readonly base: string;
  readonly #filter: string;
  #mounts: Record<string, string> = {};
  #path = SYSTEM_PATH;
  readonly #wardens = new Set<BoxHelper>();
  #count = 0;

  constructor() {
    this.base = makeTemporaryFolder("sml-boxes-", BOX_UID);
    this.#filter = join(this.base, "filter");
    writeFileSync(this.#filter, seccompFilter(process.arch));
  }

  prepareFor({ folder, commands }: { folder: string; commands: readonly string[] }): void {
    const { folders, path } = findRuntimes(commands);
    this.#path = [...path, "/node_modules/.bin"];
    this.#mounts = Object.fromEntries(folders.map((each) => [each, this.#readable(each)]));
    // Node looks for packages in each folder upwards
    const modules = [
      { inside: "/node_modules", outside: MODULES },
      { inside: "/work/node_modules", outside: join(folder, "node_modules") },
    ];
    for (const { inside, outside } of modules) {
      // a link could show any folder of this machine
      if (lstatSync(outside, { throwIfNoEntry: false })?.isDirectory())
        this.#mounts[inside] = this.#readable(outside);
    }
  }

  endpoint(task: Pick<TaskManifest, "port">): { host: string; port: number } {
    return { host: HOST, port: task.port ?? DEFAULT_PORT };
  }

  async open(task: Pick<TaskManifest, "hosts" | "port">): Promise<SessionMachines> {
    const mounts = {
      etcFolder: this.#etc(task.hosts.filter((name) => !isIPv4(name))),
      readOnly: this.#mounts,
      searchPath: this.#path,
    };
    let clients = 0;
    return {
      endpoint: async () => this.endpoint(task),
      release: async () => {},
      create: async (request: MachineOptions) => {
        const ports =
          request.side === "server" ? SERVER_PORTS : slice(CLIENT_PORTS, clients++ % CLIENTS, CLIENTS);
        const helper = new BoxHelper({
          filter: this.#filter,
          folder: request.folder,
          memory: request.limits.memory,
          uid: BOX_UID,
          command: boxCommand(mounts, request),
        });
        this.#wardens.add(helper);
        helper.closed.then(
          () => this.#wardens.delete(helper),
          () => {},
        );
        try {
          await helper.ready;
          await Promise.all([
            helper.writeSysctl("ipv4/ip_unprivileged_port_start", "0"),
            helper.writeSysctl("ipv4/ip_local_port_range", ports.join(" ")),
            ...task.hosts.filter(isIPv4).map((address) => helper.addAddress(address)),
          ]);
          return helper;
        } catch (error) {
          await helper.close();
          const said = (await text(helper.stderr)).trim();
          const why = error instanceof Error ? error.message : String(error);
          throw new Error(`the box cannot be made: ${[why, ...(said ? [said] : [])].join(": ")}`);
        }
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wardens].map((helper) => helper.close()));
    await removeTemporaryFolder(this.base);
  }

  /** The files that stand for those in /etc. */
  #etc(hosts: string[]): string {
    this.#count += 1;
    const folder = join(this.base, `etc-${this.#count}`);
    mkdirSync(folder);
    for (const [name, content] of Object.entries(ETC_FILES))
      writeFileSync(join(folder, name), content(hosts));
    return folder;
  }

  /** Returns `folder`, or a copy of it when the user whom boxes belong to may not read it (below /root, say). */
  #readable(folder: string): string {
    if (BOX_UID === undefined) return folder;
    const { status } = spawnSync("test", ["-r", folder], { uid: BOX_UID, gid: BOX_UID });
    if (status === 0) return folder;
    this.#count += 1;
    const copy = join(this.base, `copy-${this.#count}`);
    const filter = (path: string) => !NOT_NEEDED.some((name) => path.endsWith(`/node_modules/${name}`));
    cpSync(folder, copy, { recursive: true, verbatimSymlinks: true, filter });
    return copy;
  }
}

/** The part number `index` of the range. */
function slice([first = 0, last = 0]: number[], index: number, parts: number): number[] {
  const length = Math.floor((last - first + 1) / parts);
  return [first + index * length, first + (index + 1) * length - 1];
}
