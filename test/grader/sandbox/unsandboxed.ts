/**
 * Runs programs as ordinary processes, where namespaces are not available: nothing isolates them
 * from this computer or from each other.
 *
 * The server and the client are given different ports, and the wire connects the two.
 */
import { lstatSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TaskManifest } from "../manifest/manifest.ts";
import { placeholders } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { MODULES } from "./runtimes.ts";
import type { Sandbox, SessionMachines } from "./sandbox.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";
import { HOST, UnsandboxedMachine } from "./unsandboxed-machine.ts";

export class Unsandboxed implements Sandbox {
  readonly isolation;
  readonly #base: string;
  #modules = MODULES;
  readonly #ports: Record<Side, number[]> = { server: [], client: [] };
  readonly #used = new Set<number>();
  /** Resolves once the latest session has ended: each uses the same ports, so they run in turn. */
  #lastSession: Promise<void> = Promise.resolve();

  /** @param why namespaces are not used */
  constructor(why: string) {
    this.isolation = {
      kind: "none" as const,
      notes: [
        `not isolated: ${why}`,
        "the programs could read this computer's files, bypass the wire, and leave processes behind; memory and disk are not limited",
        "only connections to the port that the client is given go through the wire, and source ports change",
      ],
    };
    this.#base = makeTemporaryFolder("sml-plain-");
  }

  prepareFor({ folder }: { folder: string }): void {
    const own = join(folder, "node_modules");
    // a link could expose any folder of this computer
    if (lstatSync(own, { throwIfNoEntry: false })?.isDirectory()) this.#modules = own;
  }

  endpoint(): undefined {
    return undefined;
  }

  async open(task: TaskManifest): Promise<SessionMachines> {
    const previous = this.#lastSession;
    let release = () => {};
    this.#lastSession = new Promise((resolve) => {
      release = resolve;
    });
    await previous;
    const options = { base: this.#base, modules: this.#modules };
    return {
      endpoint: async (side) => {
        if (side === "client") checkPorts(task);
        return { host: HOST, port: await this.#port(side) };
      },
      create: async (request) => {
        const machine = new UnsandboxedMachine(request, options);
        void machine.exit.then(() => this.#used.delete(request.endpoint.port));
        return machine;
      },
      release: async () => release(),
    };
  }

  close(): Promise<void> {
    return removeTemporaryFolder(this.#base);
  }

  /** Returns a port for the next program: the same in each session, as programs may remember it. */
  async #port(side: Side): Promise<number> {
    const known = this.#ports[side].find((port) => !this.#used.has(port));
    const port = known ?? (await freePort());
    if (known === undefined) this.#ports[side].push(port);
    this.#used.add(port);
    return port;
  }
}

/** @throws NotShown if the client would bypass the wire */
function checkPorts({ programs: { client }, edits, prepare, port }: TaskManifest): void {
  const given = [...(client?.command ?? []), ...Object.values(client?.env ?? {})];
  const typed = (client?.stdin ?? []).filter((item) => typeof item === "string");
  const edited = edits.map(({ replace }) => replace);
  const hasPort = (texts: readonly string[]) => texts.some((text) => placeholders(text).includes("{port}"));
  if (!hasPort([...given, ...typed, ...edited])) {
    const literal = port === undefined ? "its port is in its source" : `port ${port} is in its source`;
    throw new NotShown(
      `without namespaces the client needs a different port from the server's, but ${literal}: pass it {port}, as an argument, on stdin or by an edit`,
    );
  }
  if (hasPort(edited) && prepare.length > 0)
    throw new NotShown("without namespaces, edits with {port} are too late for the commands of prepare");
}

/** Returns a port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, HOST, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
