/**
 * Runs programs as ordinary processes, where there are no namespaces: nothing keeps them from this machine or each other.
 *
 * The server is told one port and the client another, and the wire is between the two.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants, existsSync, lstatSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, open, rename, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { PassThrough } from "node:stream";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import { placeholders } from "../manifest/placeholders.ts";
import type { Side } from "../model/direction.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { copyTree } from "./file-tree.ts";
import { isListening } from "./listening.ts";
import type { Arrival, Endpoint, Listener, Machine } from "./machine.ts";
import { isWorking, processTree } from "./process-tree.ts";
import { MODULES } from "./runtimes.ts";
import type { MachineOptions, Sandbox, SessionMachines } from "./sandbox.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";

const HOST = "127.0.0.1";
/** Bytes of the longest shared file. */
const SHARED_LIMIT = 64 * 1024;
/** Milliseconds that what a program has printed may take to arrive, once it has ended. */
const LAST_WORDS = 500;
/** What programs see of our environment. */
const PASSED_ON = ["PATH", "SystemRoot", "TEMP", "TMP", "LANG", "LC_ALL", "JAVA_HOME"];

export class Unsandboxed implements Sandbox {
  readonly isolation;
  readonly #base: string;
  #modules = MODULES;
  readonly #ports: Record<Side, number[]> = { server: [], client: [] };
  readonly #taken = new Set<number>();
  /** One stage at a time: ports that stand in a source are the same in each. */
  #free: Promise<void> = Promise.resolve();

  /** @param why there are no namespaces */
  constructor(why: string) {
    this.isolation = {
      kind: "none" as const,
      notes: [
        `not isolated: ${why}`,
        "the programs could read this machine's files, talk to each other beside the wire, and leave processes behind; memory and disk are not limited",
        "only connections to the port that the client is told pass the wire, and source ports are not kept",
      ],
    };
    this.#base = makeTemporaryFolder("sml-plain-");
  }

  prepareFor({ folder }: { folder: string }): void {
    const own = join(folder, "node_modules");
    // a link could show any folder of this machine
    if (lstatSync(own, { throwIfNoEntry: false })?.isDirectory()) this.#modules = own;
  }

  endpoint(): undefined {
    return undefined;
  }

  async open(task: TaskManifest): Promise<SessionMachines> {
    const before = this.#free;
    let release = () => {};
    this.#free = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    const options = { base: this.#base, modules: this.#modules };
    return {
      endpoint: async (side) => {
        if (side === "client") checkPorts(task);
        return { host: HOST, port: await this.#port(side) };
      },
      create: async (request) => {
        const machine = new UnsandboxedMachine(request, options);
        void machine.exit.then(() => this.#taken.delete(request.endpoint.port));
        return machine;
      },
      release: async () => release(),
    };
  }

  close(): Promise<void> {
    return removeTemporaryFolder(this.#base);
  }

  /** A port for the next program: the same in each stage, since some programs remember whom they met where. */
  async #port(side: Side): Promise<number> {
    const known = this.#ports[side].find((port) => !this.#taken.has(port));
    const port = known ?? (await freePort());
    if (known === undefined) this.#ports[side].push(port);
    this.#taken.add(port);
    return port;
  }
}

/** @throws NotShown when the client would go to the server past the wire */
function checkPorts({ programs: { client }, edits, prepare, port }: TaskManifest): void {
  const told = [...(client?.command ?? []), ...Object.values(client?.env ?? {})];
  const typed = (client?.stdin ?? []).filter((item) => typeof item === "string");
  const edited = edits.map(({ replace }) => replace);
  const hasPort = (texts: readonly string[]) => texts.some((text) => placeholders(text).includes("{port}"));
  if (!hasPort([...told, ...typed, ...edited])) {
    const literal = port === undefined ? "its port is in its source" : `port ${port} is in its source`;
    throw new NotShown(
      `without namespaces the client must be told another port than the server, but ${literal}: give it {port}, as an argument, on stdin or by an edit`,
    );
  }
  if (hasPort(edited) && prepare.length > 0)
    throw new NotShown("without namespaces, edits with {port} come too late for what is prepared once");
}

class UnsandboxedMachine implements Machine {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<number | undefined>;
  readonly limitExceeded = new Promise<string>(() => {});
  onConnection: (arrival: Arrival) => void = ({ socket }) => socket.destroy();
  onFailure: (error: Error) => void = () => {};
  readonly #request: MachineOptions;
  readonly #base: string;
  readonly #modules: string;
  readonly #folder: string;
  readonly #relays = new Map<number, Server>();
  /** What was read from, or written to, shared files. */
  readonly #known = new Map<string, string>();
  #child: ChildProcess | undefined;
  #listens = false;
  #exited: (status: number | undefined) => void = () => {};

  constructor(request: MachineOptions, { base, modules }: { base: string; modules: string }) {
    this.#request = request;
    this.#modules = modules;
    this.#base = mkdtempSync(join(base, "run-"));
    this.#folder = join(this.#base, "work");
    copyTree(request.source, this.#folder);
    if (existsSync(modules)) symlinkSync(modules, join(this.#folder, "node_modules"), "junction");
    this.exit = new Promise((resolve) => {
      this.#exited = resolve;
    });
  }

  startProgram(): void {
    const { folder, command, env } = this.#request;
    const [file = "", ...args] = command;
    const passedOn = PASSED_ON.map((name) => [name, process.env[name]]).filter(
      ([, value]) => value !== undefined,
    );
    const path = [process.env["PATH"], join(this.#modules, ".bin")].join(delimiter);
    const child = spawn(file === "node" ? process.execPath : file, args, {
      cwd: join(this.#folder, folder),
      detached: process.platform !== "win32",
      windowsHide: true,
      env: {
        ...Object.fromEntries(passedOn),
        PATH: path,
        HOME: this.#folder,
        PYTHONUNBUFFERED: "1",
        PYTHONIOENCODING: "utf-8",
        PYTHONDONTWRITEBYTECODE: "1",
        NO_COLOR: "1",
        ...env,
      },
    });
    this.#child = child;
    child.stdin.on("error", () => {});
    this.stdin.pipe(child.stdin);
    child.stdout.pipe(this.stdout);
    child.stderr.pipe(this.stderr);
    child.once("error", (error) => {
      this.stderr.write(`${error.message}\n`);
      this.#over(127);
    });
    child.once("exit", (status) => this.#over(status ?? undefined));
  }

  end(): void {
    const { pid } = this.#child ?? {};
    if (pid === undefined) {
      this.#over(undefined);
      return;
    }
    try {
      if (process.platform === "win32") spawn("taskkill", ["/T", "/F", "/PID", String(pid)]);
      else process.kill(-pid, "SIGKILL");
    } catch {
      // nobody of its group is left
    }
  }

  preservePieces(): void {
    // an ordinary process's sockets cannot be configured from outside
  }

  async delayAcknowledgement(): Promise<void> {}

  isComputing(): boolean {
    const { pid } = this.#child ?? {};
    return pid !== undefined && isWorking(processTree(pid));
  }

  async scanListeners(): Promise<Listener[]> {
    const { side, endpoint } = this.#request;
    if (side === "client" || !this.#child || this.#child.exitCode !== null) return [];
    this.#listens ||= await isListening(endpoint.port);
    return this.#listens ? [{ address: HOST, port: endpoint.port, only6: false }] : [];
  }

  /** Listens on the port that the client was told, in place of `listener`. */
  listen(listener: Listener): Promise<string> {
    return new Promise((resolve) => {
      const relay = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
        const from = { address: HOST, port: socket.remotePort ?? 0 };
        this.onConnection({ socket, to: { address: HOST, port: listener.port }, from });
      });
      relay.once("error", (error) => resolve(error.message));
      relay.listen(this.#request.endpoint.port, HOST, () => resolve(""));
      this.#relays.set(listener.port, relay);
    });
  }

  async unlisten({ port }: Listener): Promise<void> {
    this.#relays.get(port)?.close();
    this.#relays.delete(port);
  }

  connect({ address, port }: Endpoint): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, allowHalfOpen: true });
      socket.pause();
      socket.once("error", () => reject(new Error("Connection refused")));
      socket.once("connect", () => resolve(socket));
    });
  }

  async readFile(name: string): Promise<Bytes | undefined | null> {
    const path = join(this.#folder, this.#request.folder, name);
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined);
    if (!file) return this.#known.delete(name) ? null : undefined;
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > SHARED_LIMIT) return undefined;
      const content = await file.readFile();
      if (this.#known.get(name) === content.toString("latin1")) return undefined;
      this.#known.set(name, content.toString("latin1"));
      return new Uint8Array(content);
    } finally {
      await file.close();
    }
  }

  async writeFile(name: string, content: Bytes, mode = 0o644): Promise<string> {
    const path = join(this.#folder, this.#request.folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.carried`, content, { mode, flag: "wx" });
      await rename(`${path}.carried`, path);
      this.#known.set(name, Buffer.from(content).toString("latin1"));
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async makeLink(name: string, target: string): Promise<string> {
    const path = join(this.#folder, this.#request.folder, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await symlink(target, path);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  copyFolder(to: string): void {
    copyTree(this.#folder, to, { leaveOut: ["node_modules"] });
  }

  async close(): Promise<void> {
    this.end();
    await this.exit;
    rmSync(this.#base, { recursive: true, force: true, maxRetries: 3 });
  }

  #over(status: number | undefined): void {
    for (const relay of this.#relays.values()) relay.close();
    this.#exited(status);
    if (this.#child?.pid !== undefined) this.end();
    // one that it left behind may hold its output open
    const timer = setTimeout(() => {
      this.#child?.stdout?.destroy();
      this.#child?.stderr?.destroy();
      this.stdout.end();
      this.stderr.end();
    }, LAST_WORDS);
    timer.unref();
    if (!this.#child) {
      this.stdout.resume().end();
      this.stderr.resume().end();
    }
  }
}

/** A port that was free a moment ago. */
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
