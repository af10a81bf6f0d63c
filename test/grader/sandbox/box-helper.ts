/** One program in a box, as the grader sees it; box-helper.pl is the part that acts inside. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Bytes, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { copyTree } from "./file-tree.ts";
import { HelperChannel, type HelperMessage } from "./helper-channel.ts";
import { decodeAddress, encodeAddress } from "./ip-address.ts";
import type { Arrival, Endpoint, Listener, Machine } from "./machine.ts";
import { isWorking, processTree } from "./process-tree.ts";
import { isReadingInput } from "./reading-input.ts";
import { SegmentLog } from "./segment-log.ts";

const SCRIPT = fileURLToPath(new URL("box-helper.pl", import.meta.url));

export interface BoxHelperOptions {
  /** The file with the system call filter. */
  filter: string;
  /** The program's folder, relative to /work. */
  folder: string;
  /** The most memory, in bytes, that all processes in the box may use together. */
  memory: number;
  /** bwrap and its arguments. */
  command: string[];
  /** The user who runs bwrap and the helper, if not the current one. */
  uid: number | undefined;
}

export class BoxHelper implements Machine {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<number | undefined>;
  readonly limitExceeded: Promise<string>;
  /** Resolves once the program in the box can be started. @throws Error if the box fails */
  readonly ready: Promise<void>;
  /** Resolves once the helper has ended, and everything in the box with it. */
  readonly closed: Promise<void>;
  onConnection: (arrival: Arrival) => void = ({ socket }) => socket.destroy();
  onFailure: (error: Error) => void = () => {};
  readonly #child: ChildProcess;
  readonly #channel: HelperChannel;
  readonly #segments = new SegmentLog();
  readonly #uid: number | undefined;
  /** The program's folder: it exists as long as it is open here, even after the box has ended. */
  #work: number | undefined;
  #resolveReady: () => void = () => {};
  #rejectReady: (error: Error) => void = () => {};
  #resolveExit: (status: number | undefined) => void = () => {};
  #resolveLimit: (limit: string) => void = () => {};

  constructor({ filter, folder, memory, command, uid }: BoxHelperOptions) {
    const child = spawn("perl", [SCRIPT, process.arch, filter, folder, String(memory), ...command], {
      stdio: ["pipe", "pipe", "pipe", "ipc"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
      cwd: "/",
      detached: true, // only the grader handles Ctrl-C
      ...(uid !== undefined && { uid, gid: uid }),
    });
    if (!child.stdin || !child.stdout || !child.stderr) throw new TypeError("a child process without pipes");
    this.#child = child;
    this.#uid = uid;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.ready.catch(() => {});
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
    this.limitExceeded = new Promise((resolve) => {
      this.#resolveLimit = resolve;
    });
    this.#channel = new HelperChannel(child, (message, socket) => this.#onEvent(message, socket));
    this.closed = new Promise((resolve) => {
      const onEnd = (error: Error) => {
        this.#rejectReady(error);
        this.#resolveExit(undefined);
        this.#channel.close();
        resolve();
      };
      child.once("error", (error) => onEnd(new Error(`perl cannot be started: ${error.message}`)));
      child.once("exit", () => onEnd(new Error("the box helper has ended")));
    });
  }

  startProgram(): void {
    this.#channel.tell("start");
  }

  end(): void {
    this.#channel.tell("end");
  }

  isComputing(): boolean {
    const { pid } = this.#child;
    // the helper itself often works on behalf of the grader
    return pid !== undefined && isWorking(processTree(pid).filter(({ id }) => id !== pid));
  }

  isReadingInput(): boolean {
    const tree = processTree(this.#child.pid ?? 0);
    const [, bwrap, ...inside] = tree.toSorted((a, b) => Number(a.started) - Number(b.started));
    return (
      bwrap !== undefined &&
      isReadingInput(
        inside.map(({ id }) => id),
        bwrap.id,
      )
    );
  }

  copyFolder(to: string): void {
    if (this.#work === undefined) throw new TypeError("the box is not ready, or is closed");
    copyTree(`/proc/self/fd/${this.#work}`, to, { uid: this.#uid, leaveOut: ["node_modules"] });
  }

  async close(): Promise<void> {
    this.end();
    await this.exit;
    if (this.#work !== undefined) closeSync(this.#work);
    this.#work = undefined;
    this.#child.kill("SIGKILL"); // everything in the box has ended by now
    await this.closed;
  }

  /** Writes `value` to the file `path` below /proc/sys/net, for this box alone. */
  async writeSysctl(path: string, value: string): Promise<void> {
    const { error } = await this.#channel.ask("sysctl", encodeText(path), encodeText(value));
    if (error) throw new Error(`/proc/sys/net/${path}: ${error}`);
  }

  /** Gives the box another IPv4 address. */
  async addAddress(address: string): Promise<void> {
    const { error } = await this.#channel.ask("address", encodeAddress(address));
    if (error) throw new Error(`the address ${address}: ${error}`);
  }

  async scanListeners(): Promise<Listener[]> {
    const { listeners } = await this.#channel.ask("scan");
    if (!Array.isArray(listeners)) return [];
    return listeners.map(([address, port, only6]) => ({
      address: decodeAddress(String(address)),
      port: Number(port),
      only6: only6 !== 0,
    }));
  }

  async listen({ address, port, only6 }: Listener): Promise<string> {
    const { error } = await this.#channel.ask("listen", encodeAddress(address), port, Number(only6));
    return String(error);
  }

  async unlisten({ address, port }: Listener): Promise<void> {
    await this.#channel.ask("close", encodeAddress(address), port);
  }

  async connect(to: Endpoint, from?: Endpoint): Promise<Socket> {
    const source = from ? [encodeAddress(from.address), from.port] : [];
    const { error, socket } = await this.#channel.ask(
      "connect",
      encodeAddress(to.address),
      to.port,
      ...source,
    );
    if (!socket) throw new Error(String(error));
    return socket;
  }

  async boundaries({ localPort = 0, remotePort = 0 }: Socket, from: number, to: number): Promise<number[]> {
    const { segments } = await this.#channel.ask("segments");
    if (Array.isArray(segments)) this.#segments.add(segments);
    return this.#segments.ends({ local: localPort, remote: remotePort }, from, to);
  }

  async unread({ localAddress, localPort, remoteAddress, remotePort }: Socket): Promise<number> {
    if (!localAddress || !localPort || !remoteAddress || !remotePort) return 0;
    const { bytes } = await this.#channel.ask(
      "unread",
      encodeAddress(localAddress),
      localPort,
      encodeAddress(remoteAddress),
      remotePort,
    );
    return Number(bytes ?? 0);
  }

  async readFile(name: string): Promise<Bytes | undefined | null> {
    const { content } = await this.#channel.ask("read", encodeText(name));
    if (content === false) return null;
    return typeof content === "string" ? new Uint8Array(Buffer.from(content, "hex")) : undefined;
  }

  async writeFile(name: string, content: Bytes, mode = 0o644): Promise<string> {
    const { error } = await this.#channel.ask("write", encodeText(name), toHex(content), mode);
    return String(error);
  }

  async makeLink(name: string, target: string): Promise<string> {
    const { error } = await this.#channel.ask("link", encodeText(name), encodeText(target));
    return String(error);
  }

  #onEvent(message: HelperMessage, socket: Socket | undefined): void {
    const { event } = message;
    if (event === "ready") this.#openFolder(Number(message["pid"]));
    else if (event === "failed") this.#failed(new Error(String(message["reason"])));
    else if (event === "limit exceeded") this.#resolveLimit(String(message["limit"]));
    else if (event === "exit") {
      this.#rejectReady(new Error("the box ended before it was ready"));
      this.#resolveExit(readStatus(Number(message["status"])));
    } else if (event === "connection" && socket) {
      // a connection without a socket was reset before it arrived here
      this.onConnection({ socket, ...readEndpoints(message) });
    }
  }

  #openFolder(pid: number): void {
    try {
      this.#work = openSync(`/proc/${pid}/root/work`, "r");
      this.#resolveReady();
    } catch (error) {
      this.#rejectReady(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #failed(error: Error): void {
    this.#rejectReady(error);
    this.onFailure(error);
  }
}

function readEndpoints(message: HelperMessage): { to: Endpoint; from: Endpoint } {
  const { address, port, from, fromPort } = message;
  return {
    to: { address: decodeAddress(String(address)), port: Number(port) },
    from: { address: decodeAddress(String(from)), port: Number(fromPort) },
  };
}

/** Returns undefined for a program that a signal ended: bwrap reports 128 + N for signal N. */
function readStatus(status: number): number | undefined {
  return status > 128 && status <= 128 + 64 ? undefined : status;
}

function encodeText(text: string): string {
  return toHex(encodeUtf8(text));
}
