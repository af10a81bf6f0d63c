/** Runs programs in boxes: Linux namespaces, made by bubblewrap without privileges. */
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
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
/** Source ports: the server's and the clients' differ, so that each is free on the other side. */
const SERVER_PORTS = [32_768, 45_999];
const CLIENT_PORTS = [46_000, 60_999];
/** The number of clients in a session that have source ports of their own. */
const CLIENTS = 10;

/** Large packages that submissions do not use. */
const NOT_NEEDED = ["typescript", "@typescript", "@biomejs", ".cache"];

/** An ID without an account. */
const UNPRIVILEGED = 61_000;
/** The owner of the boxes: root is dangerous even in a box. */
export const BOX_UID = findBoxUid(process.getuid?.(), readIdMap());

/**
 * Returns the user whom boxes belong to when the grader is root, if there is such a user: the root
 * of a user namespace (user_namespaces(7)) may be alone in it.
 *
 * @param idMap the text of /proc/self/uid_map
 */
export function findBoxUid(own: number | undefined, idMap: string): number | undefined {
  const ranges = idMap.trim().split("\n");
  const isMapped = ranges.some((range) => {
    const [first = 0, , count = 0] = range.trim().split(/\s+/).map(Number);
    return first <= UNPRIVILEGED && UNPRIVILEGED < first + count;
  });
  return own === 0 && isMapped ? UNPRIVILEGED : undefined;
}

function readIdMap(): string {
  return process.platform === "linux" ? readFileSync("/proc/self/uid_map", "utf8") : "";
}

/** Returns why boxes are not available here, in one line; undefined if they are. */
export function whyNoBoxes(): Promise<string | undefined> {
  known ??= tryBox();
  return known;
}

let known: Promise<string | undefined> | undefined;

async function tryBox(): Promise<string | undefined> {
  if (process.platform !== "linux") return `${process.platform} has no namespaces`;
  let boxes: Boxes | undefined;
  try {
    boxes = new Boxes();
    const machines = await boxes.open({ hosts: [], port: undefined });
    const nothing = { source: boxes.base, folder: ".", command: ["true"], env: {}, limits: LIMITS };
    const endpoint = boxes.endpoint({ port: undefined });
    const machine = await machines.create({ side: "server", endpoint, ...nothing });
    await machine.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await boxes?.close();
  }
}

export class Boxes implements Sandbox {
  readonly isolation = { kind: "namespaces" as const, notes: [] };
  readonly base: string;
  readonly #filter: string;
  #mounts: Record<string, string> = {};
  #path = SYSTEM_PATH;
  /** Copies of folders that the owner of the boxes cannot read. */
  readonly #copies = new Map<string, string>();
  readonly #helpers = new Set<BoxHelper>();
  #folders = 0;

  constructor() {
    this.base = makeTemporaryFolder("sml-boxes-", BOX_UID);
    this.#filter = join(this.base, "filter");
    writeFileSync(this.#filter, seccompFilter(process.arch));
  }

  prepareFor({ folder, commands }: { folder: string; commands: readonly string[] }): void {
    const { folders, path } = findRuntimes(commands);
    this.#path = [...path, "/node_modules/.bin"];
    this.#mounts = Object.fromEntries(folders.map((each) => [each, this.#readable(each)]));
    // Node looks for packages in each parent folder
    const modules = [
      { inside: "/node_modules", outside: MODULES },
      { inside: "/work/node_modules", outside: join(folder, "node_modules") },
    ];
    for (const { inside, outside } of modules) {
      // a link could expose any folder of this computer
      if (lstatSync(outside, { throwIfNoEntry: false })?.isDirectory())
        this.#mounts[inside] = this.#readable(outside);
    }
  }

  endpoint(task: Pick<TaskManifest, "port">): { host: string; port: number } {
    return { host: HOST, port: task.port ?? DEFAULT_PORT };
  }

  async open(task: Pick<TaskManifest, "hosts" | "port">): Promise<SessionMachines> {
    const mounts = {
      etcFolder: this.#etcFolder(task.hosts.filter((name) => !isIPv4(name))),
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
        this.#helpers.add(helper);
        helper.closed.then(
          () => this.#helpers.delete(helper),
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
          const output = (await text(helper.stderr)).trim();
          const reason = error instanceof Error ? error.message : String(error);
          throw new Error(`the box cannot be made: ${[reason, ...(output ? [output] : [])].join(": ")}`);
        }
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#helpers].map((helper) => helper.close()));
    await removeTemporaryFolder(this.base);
  }

  /** Writes the files that replace those in /etc. */
  #etcFolder(hosts: string[]): string {
    this.#folders += 1;
    const folder = join(this.base, `etc-${this.#folders}`);
    mkdirSync(folder);
    for (const [name, content] of Object.entries(ETC_FILES))
      writeFileSync(join(folder, name), content(hosts));
    return folder;
  }

  /** Returns `folder`, or a copy if the owner of the boxes cannot read it, as below /root. */
  #readable(folder: string): string {
    if (BOX_UID === undefined) return folder;
    const { status } = spawnSync("test", ["-r", folder], { uid: BOX_UID, gid: BOX_UID });
    if (status === 0) return folder;
    const known = this.#copies.get(folder);
    if (known !== undefined) return known;
    this.#folders += 1;
    const copy = join(this.base, `copy-${this.#folders}`);
    this.#copies.set(folder, copy);
    const filter = (path: string) => !NOT_NEEDED.some((name) => path.endsWith(`/node_modules/${name}`));
    cpSync(folder, copy, { recursive: true, verbatimSymlinks: true, filter });
    return copy;
  }
}

/** Returns part number `index` of a range. */
function slice([first = 0, last = 0]: number[], index: number, parts: number): number[] {
  const length = Math.floor((last - first + 1) / parts);
  return [first + index * length, first + (index + 1) * length - 1];
}
