/** The core's end of warden.pl, which starts one program in a box and is our hand there. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Socket } from "node:net";
import process from "node:process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Bytes, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { copyTree } from "./file-tree.ts";
import type { Arrival, Endpoint, Listener, Machine } from "./machine.ts";
import { isWorking, processTree } from "./process-tree.ts";

const SCRIPT = fileURLToPath(new URL("box-helper.pl", import.meta.url));

export interface BoxHelperOptions {
  /** The file with the filter of system calls. */
  filter: string;
  /** The program's folder, relative to /work. */
  folder: string;
  /** Bytes that all processes in the box may take together. */
  memory: number;
  /** bwrap and its arguments. */
  command: string[];
  /** Who bwrap and the warden run as, where that is not ourselves. */
  uid: number | undefined;
}

type Answer = Record<string, unknown>;

export class BoxHelper implements Machine {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<number | undefined>;
  readonly limitExceeded: Promise<string>;
  /** Resolves once the box is furnished, and its program waits at the gate. @throws Error when it cannot be */
  readonly ready: Promise<void>;
  onConnection: (arrival: Arrival) => void = ({ socket }) => socket.destroy();
  onFailure: (error: Error) => void = () => {};
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer, socket: Socket | undefined) => void>();
  /** Resolves once it has ended, and everything in the box with it. */
  readonly closed: Promise<void>;
  readonly #uid: number | undefined;
  /** The folder of the program: it lives for as long as we hold it, however the box ends. */
  #work: number | undefined;
  #count = 0;

  constructor({ filter, folder, memory, command, uid }: BoxHelperOptions) {
    const child = spawn("perl", [SCRIPT, process.arch, filter, folder, String(memory), ...command], {
      stdio: ["pipe", "pipe", "pipe", "ipc"],
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
      cwd: "/",
      detached: true, // Ctrl-C is for us to handle
      ...(uid !== undefined && { uid, gid: uid }),
    });
    this.#child = child;
    this.#uid = uid;
    if (!child.stdin || !child.stdout || !child.stderr) throw new TypeError("a child process without pipes");
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;

    let furnished = () => {};
    let broken = (_error: Error) => {};
    let exited = (_status: number | undefined) => {};
    let grown = (_what: string) => {};
    this.ready = new Promise((resolve, reject) => {
      furnished = resolve;
      broken = reject;
    });
    this.ready.catch(() => {});
    this.exit = new Promise((resolve) => {
      exited = resolve;
    });
    this.limitExceeded = new Promise((resolve) => {
      grown = resolve;
    });
    child.on("message", (message, handle) => {
      const answer = asRecord(message);
      const socket = handle instanceof Socket ? handle : undefined;
      const { event, re } = answer;
      if (event === "ready") {
        try {
          this.#work = openSync(`/proc/${Number(answer["pid"])}/root/work`, "r");
          furnished();
        } catch (error) {
          broken(error instanceof Error ? error : new Error(String(error)));
        }
      } else if (event === "failed") {
        const error = new Error(String(answer["what"]));
        broken(error);
        this.onFailure(error);
      } else if (event === "too much") grown(String(answer["of"]));
      else if (event === "connection") this.#arrived(answer, socket);
      else if (event === "exit") {
        broken(new Error("it ended before it was furnished"));
        exited(readStatus(Number(answer["status"])));
      } else this.#waiting.get(Number(re))?.(answer, socket);
    });
    this.closed = new Promise((resolve) => {
      const over = (error: Error) => {
        broken(error);
        exited(undefined);
        for (const settle of this.#waiting.values()) settle({ error: "the box is gone" }, undefined);
        resolve();
      };
      child.once("error", (error) => over(new Error(`perl cannot be started: ${error.message}`)));
      child.once("exit", () => over(new Error("its warden has ended")));
    });
  }

  /** Lets the program start. */
  startProgram(): void {
    this.#send("go");
  }

  preservePieces(): void {
    this.#send("apart 0");
  }

  end(): void {
    this.#send("end");
  }

  isComputing(): boolean {
    const { pid } = this.#child;
    // it is itself often at work, for us
    return pid !== undefined && isWorking(processTree(pid).filter(({ id }) => id !== pid));
  }

  /** Ends the warden too, and with it everything in the box. */
  copyFolder(to: string): void {
    if (this.#work === undefined) throw new TypeError("the box is not furnished, or is closed");
    copyTree(`/proc/self/fd/${this.#work}`, to, { uid: this.#uid, leaveOut: ["node_modules"] });
  }

  async close(): Promise<void> {
    this.end();
    await this.exit;
    if (this.#work !== undefined) closeSync(this.#work);
    this.#work = undefined;
    // all that it had to end has ended
    this.#child.kill("SIGKILL");
    await this.closed;
  }

  /** Writes `value` to the file `path` below /proc/sys/net, for this box alone. */
  async set(path: string, value: string): Promise<void> {
    const { error } = await this.#ask("set", toHex(encodeUtf8(path)), toHex(encodeUtf8(value)));
    if (error) throw new Error(`/proc/sys/net/${path}: ${error}`);
  }

  /** Gives the box one more IPv4 address. */
  async addAddress(address: string): Promise<void> {
    const { error } = await this.#ask("address", encodeAddress(address));
    if (error) throw new Error(`the address ${address}: ${error}`);
  }

  /** All sockets that the box's own programs listen on. */
  async scanListeners(): Promise<Listener[]> {
    const { listeners } = await this.#ask("scan");
    if (!Array.isArray(listeners)) return [];
    return listeners.map(([address, port, only6]) => ({
      address: decodeAddress(String(address)),
      port: Number(port),
      only6: only6 !== 0,
    }));
  }

  /** Listens in the box; returns what is against it, if anything. */
  async listen({ address, port, only6 }: Listener): Promise<string> {
    const { error } = await this.#ask("listen", encodeAddress(address), port, Number(only6));
    return String(error);
  }

  async unlisten({ address, port }: Listener): Promise<void> {
    await this.#ask("close", encodeAddress(address), port);
  }

  /** Connects to a socket in the box; `from` is the address and port to come from. @throws Error when it cannot */
  async connect(to: Endpoint, from?: Endpoint): Promise<Socket> {
    const source = from ? [encodeAddress(from.address), from.port] : [];
    const { error, socket } = await this.#ask("connect", encodeAddress(to.address), to.port, ...source);
    if (!socket) throw new Error(String(error));
    return socket;
  }

  /** The content of a small regular file in the program's folder; undefined when there is nothing new, null when it has gone. */
  async readFile(name: string): Promise<Bytes | undefined | null> {
    const { content } = await this.#ask("get", toHex(encodeUtf8(name)));
    if (content === false) return null;
    return typeof content === "string" ? fromHex(content) : undefined;
  }

  async writeFile(name: string, content: Bytes, mode = 0o644): Promise<string> {
    const { error } = await this.#ask("put", toHex(encodeUtf8(name)), toHex(content), mode);
    return String(error);
  }

  async makeLink(name: string, target: string): Promise<string> {
    const { error } = await this.#ask("link", toHex(encodeUtf8(name)), toHex(encodeUtf8(target)));
    return String(error);
  }

  #ask(command: string, ...values: (string | number)[]): Promise<Answer & { socket?: Socket | undefined }> {
    const id = ++this.#count;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer, socket) => {
        this.#waiting.delete(id);
        resolve({ ...answer, socket });
      });
      if (!this.#send([command, id, ...values].join(" ")))
        this.#waiting.get(id)?.({ error: "the box is gone" }, undefined);
    });
  }

  #send(command: string): boolean {
    if (!this.#child.connected) return false;
    this.#child.send(command, () => {}); // one that is gone tells so by its close
    return true;
  }

  #arrived(answer: Answer, socket: Socket | undefined): void {
    if (!socket) return; // reset before we had it
    const { address, from } = answer;
    this.onConnection({
      socket,
      to: { address: decodeAddress(String(address)), port: Number(answer["port"]) },
      from: { address: decodeAddress(String(from)), port: Number(answer["fromPort"]) },
    });
  }
}

function asRecord(message: unknown): Answer {
  return typeof message === "object" && message !== null ? { ...message } : {};
}

/** bwrap says 128 + N for a program that signal N has ended. */
function readStatus(status: number): number | undefined {
  return status > 128 && status <= 128 + 64 ? undefined : status;
}

function encodeAddress(address: string): string {
  if (!address.includes(":")) return toHex(Uint8Array.from(address.split("."), Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const front = groups(head);
  const back = groups(tail ?? "");
  const middle = tail === undefined ? [] : new Array<string>(8 - front.length - back.length).fill("0");
  return [...front, ...middle, ...back].map((group) => group.padStart(4, "0")).join("");
}

function decodeAddress(hex: string): string {
  if (hex.length === 32 && !hex.startsWith("00000000000000000000ffff"))
    return new URL(`http://[${hex.replace(/(.{4})(?!$)/g, "$1:")}]`).hostname.slice(1, -1);
  return [...fromHex(hex.slice(-8))].join(".");
}

function fromHex(hex: string): Bytes {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
