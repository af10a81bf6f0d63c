/** Runs a program as an ordinary process of this computer, in a copy of its folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { delimiter, join } from "node:path";
import process from "node:process";
import { PassThrough } from "node:stream";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { copyTree } from "./file-tree.ts";
import { killAtExit } from "./kill-at-exit.ts";
import { isListening, unreadBetween } from "./listening.ts";
import type { Arrival, Endpoint, Listener, Machine } from "./machine.ts";
import { isWorking, processTree } from "./process-tree.ts";
import { ProgramFolder } from "./program-folder.ts";
import { isReadingInput } from "./reading-input.ts";
import type { MachineOptions } from "./sandbox.ts";

export const HOST = "127.0.0.1";
/** Milliseconds to wait for buffered output once the program has ended. */
const OUTPUT_DELAY = 500;
/** Environment variables that programs inherit. */
const INHERITED = ["PATH", "SystemRoot", "TEMP", "TMP", "LANG", "LC_ALL", "JAVA_HOME"];

export class UnsandboxedMachine implements Machine {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<number | undefined>;
  readonly limitExceeded = new Promise<string>(() => {});
  onConnection: (arrival: Arrival) => void = ({ socket }) => socket.destroy();
  onFailure: (error: Error) => void = () => {};
  readonly #options: MachineOptions;
  readonly #base: string;
  readonly #modules: string;
  /** The copy of the source. */
  readonly #copy: string;
  readonly #folder: ProgramFolder;
  /** By the port of the listener that each stands in for. */
  readonly #standIns = new Map<number, Server>();
  #child: ChildProcess | undefined;
  #listens = false;
  #resolveExit: (status: number | undefined) => void = () => {};

  /**
   * @param folders `base`: where to copy the program's folder; `modules`: the packages that the
   *   program may use
   */
  constructor(options: MachineOptions, { base, modules }: { base: string; modules: string }) {
    this.#options = options;
    this.#modules = modules;
    this.#base = mkdtempSync(join(base, "run-"));
    this.#copy = join(this.#base, "work");
    copyTree(options.source, this.#copy);
    this.#folder = new ProgramFolder(join(this.#copy, options.folder));
    if (existsSync(modules)) symlinkSync(modules, join(this.#copy, "node_modules"), "junction");
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  startProgram(): void {
    const [file = "", ...args] = this.#options.command;
    const child = spawn(file === "node" ? process.execPath : file, args, {
      cwd: join(this.#copy, this.#options.folder),
      detached: process.platform !== "win32",
      windowsHide: true,
      env: this.#environment(),
    });
    this.#child = child;
    killAtExit(child, { group: process.platform !== "win32" });
    child.stdin.on("error", () => {});
    this.stdin.pipe(child.stdin);
    child.stdout.pipe(this.stdout);
    child.stderr.pipe(this.stderr);
    child.once("error", (error) => {
      this.stderr.write(`${error.message}\n`);
      this.#onExit(127);
    });
    child.once("exit", (status) => this.#onExit(status ?? undefined));
  }

  end(): void {
    const { pid } = this.#child ?? {};
    if (pid === undefined) {
      this.#onExit(undefined);
      return;
    }
    try {
      if (process.platform === "win32") spawn("taskkill", ["/T", "/F", "/PID", String(pid)]);
      else process.kill(-pid, "SIGKILL");
    } catch {
      // its process group has ended
    }
  }

  isComputing(): boolean {
    const { pid } = this.#child ?? {};
    return pid !== undefined && isWorking(processTree(pid));
  }

  isReadingInput(): boolean {
    const { pid } = this.#child ?? {};
    return (
      pid !== undefined &&
      isReadingInput(
        processTree(pid).map(({ id }) => id),
        pid,
      )
    );
  }

  async scanListeners(): Promise<Listener[]> {
    const { side, endpoint } = this.#options;
    if (side === "client" || !this.#child || this.#child.exitCode !== null) return [];
    this.#listens ||= await isListening(endpoint.port);
    return this.#listens ? [{ address: HOST, port: endpoint.port, only6: false }] : [];
  }

  /** Listens on the port that the client was given, instead of the one of `listener`. */
  listen(listener: Listener): Promise<string> {
    return new Promise((resolve) => {
      const standIn = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
        const from = { address: HOST, port: socket.remotePort ?? 0 };
        this.onConnection({ socket, to: { address: HOST, port: listener.port }, from });
      });
      standIn.once("error", (error) => resolve(error.message));
      standIn.listen(this.#options.endpoint.port, HOST, () => resolve(""));
      this.#standIns.set(listener.port, standIn);
    });
  }

  async unlisten({ port }: Listener): Promise<void> {
    this.#standIns.get(port)?.close();
    this.#standIns.delete(port);
  }

  connect({ address, port }: Endpoint): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port, allowHalfOpen: true });
      socket.pause();
      socket.once("error", () => reject(new Error("Connection refused")));
      socket.once("connect", () => resolve(socket));
    });
  }

  async boundaries(): Promise<number[]> {
    return [];
  }

  unread({ localPort = 0, remotePort = 0 }: Socket): Promise<number | undefined> {
    return unreadBetween(localPort, remotePort);
  }

  readFile(name: string): Promise<Bytes | undefined | null> {
    return this.#folder.read(name);
  }

  writeFile(name: string, content: Bytes, mode = 0o644): Promise<string> {
    return this.#folder.write(name, content, mode);
  }

  makeLink(name: string, target: string): Promise<string> {
    return this.#folder.link(name, target);
  }

  copyFolder(to: string): void {
    copyTree(this.#copy, to, { leaveOut: ["node_modules"] });
  }

  async close(): Promise<void> {
    this.end();
    await this.exit;
    rmSync(this.#base, { recursive: true, force: true, maxRetries: 3 });
  }

  #environment(): Record<string, string | undefined> {
    const inherited = INHERITED.map((name) => [name, process.env[name]]).filter(
      ([, value]) => value !== undefined,
    );
    return {
      ...Object.fromEntries(inherited),
      PATH: [process.env["PATH"], join(this.#modules, ".bin")].join(delimiter),
      HOME: this.#copy,
      PYTHONUNBUFFERED: "1",
      PYTHONIOENCODING: "utf-8",
      PYTHONDONTWRITEBYTECODE: "1",
      NO_COLOR: "1",
      ...this.#options.env,
    };
  }

  #onExit(status: number | undefined): void {
    for (const standIn of this.#standIns.values()) standIn.close();
    this.#resolveExit(status);
    if (this.#child?.pid !== undefined) this.end();
    // a process that it left behind may hold its output open
    const timer = setTimeout(() => {
      this.#child?.stdout?.destroy();
      this.#child?.stderr?.destroy();
      this.stdout.end();
      this.stderr.end();
    }, OUTPUT_DELAY);
    timer.unref();
    if (!this.#child) {
      this.stdout.resume().end();
      this.stderr.resume().end();
    }
  }
}
