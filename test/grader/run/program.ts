/** A running program as its user sees it: its output, its input, and how it ends. */
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import type { Item } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Ending, RunningProgram } from "../model/program.ts";
import type { Process } from "../sandbox/machine.ts";

/** The most bytes that a program may print, on both streams together, before it is stopped. */
export const OUTPUT_LIMIT = 1 << 20;
/** The same for each byte that passes: a program may log all of them, in hexadecimal or longer. */
const OUTPUT_PER_BYTE = 16;
const MAX_OUTPUT = 32 << 20;
/** Milliseconds between two looks whether a program waits for its input, which double. */
const FIRST_LOOK = 5;
const LAST_LOOK = 80;
/** Looks after which a line is typed to a program that does other things meanwhile. */
const MAX_LOOKS = 20;

const LAST_LINES = 5;
const LAST_CHARACTERS = 500;

export interface ProgramOptions {
  side: Side;
  /** Counted from 1 among the programs of a session. */
  number: number;
  /** The lines to type. */
  stdin: Item[];
  /** The time limit. */
  seconds: number;
  /** Returns the bytes that have passed on its connections. */
  passed?: () => number;
  record(event: EventWithoutTime): void;
}

export class Program implements RunningProgram {
  readonly side: Side;
  readonly number: number;
  readonly ending: Promise<Ending>;
  readonly stored = new Map<string, string>();
  readonly #process: Process;
  readonly #passed: () => number;
  readonly #text = { stdout: "", stderr: "" };
  /** Both streams together, in the order in which they arrived. */
  #output = "";
  #outputBytes = 0;
  #stopReason: string | undefined;
  #ended: Ending | undefined;
  #awaitedText: string | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(process: Process, { side, number, stdin, seconds, passed = () => 0, record }: ProgramOptions) {
    this.side = side;
    this.number = number;
    this.#process = process;
    this.#passed = passed;
    const streams = (["stdout", "stderr"] as const).map((name) => this.#capture(name, record));
    process.stdin.on("error", () => {}); // the program may have ended, or closed its input
    const timer = setTimeout(() => this.#stop("time"), seconds * 1000);
    void process.limitExceeded.then((limit) => {
      this.#stopReason ??= limit;
    });
    this.ending = Promise.all([process.exit, ...streams]).then(([status]) => {
      clearTimeout(timer);
      this.#ended = {
        status: this.#stopReason === undefined ? status : undefined,
        stopReason: this.#stopReason,
      };
      process.stdin.destroy();
      record({ type: "exit", side, program: number, ending: this.#ended });
      this.#wake();
      return this.#ended;
    });
    void this.#type(stdin);
  }

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  get ended(): Ending | undefined {
    return this.#ended;
  }

  get awaitedText(): string | undefined {
    return this.#awaitedText;
  }

  /** Returns the end of the output, for error messages. */
  lastLines(): string {
    const lines = `${this.stdout}\n${this.stderr}`.split("\n").filter((line) => line.trim() !== "");
    return lines.slice(-LAST_LINES).join("\n").slice(-LAST_CHARACTERS) || "it printed nothing";
  }

  waitForOutput(text: string, seconds: number): Promise<boolean> {
    return this.#until(() => this.stdout.includes(text) || this.stderr.includes(text), seconds);
  }

  typeLine(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    this.#stop("stopped");
    await this.ending;
  }

  #stop(reason: string): void {
    if (this.#ended) return;
    this.#stopReason ??= reason;
    this.#process.end();
  }

  /** Reads a stream to its end, which comes once no process is left that could write to it. */
  #capture(name: "stdout" | "stderr", record: ProgramOptions["record"]): Promise<void> {
    const stream = this.#process[name];
    const decoder = new StringDecoder("utf8");
    const add = (text: string) => {
      if (text === "") return;
      this.#text[name] += text;
      this.#output += text;
      record({ type: "printed", side: this.side, program: this.number, stream: name, text });
      this.#wake();
    };
    stream.on("data", (bytes: Buffer) => {
      const limit = Math.min(MAX_OUTPUT, OUTPUT_LIMIT + OUTPUT_PER_BYTE * this.#passed());
      const left = Math.max(limit - this.#outputBytes, 0);
      this.#outputBytes += bytes.length;
      add(decoder.write(bytes.subarray(0, left)));
      if (bytes.length > left) this.#stop("output");
    });
    return new Promise((resolve) => {
      stream.on("error", () => {});
      stream.once("close", () => {
        add(decoder.end());
        resolve();
      });
    });
  }

  async #type(items: Item[]): Promise<void> {
    let position = 0;
    for (const item of items) {
      if (this.#ended) return;
      if (typeof item === "string") this.typeLine(item);
      else if ("wait" in item) {
        this.#awaitedText = item.wait;
        await this.#until(() => this.#output.includes(item.wait, position), undefined);
        this.#awaitedText = undefined;
        position = this.#output.indexOf(item.wait, position) + item.wait.length;
        await this.#untilItReads();
      } else if ("seconds" in item) await this.#until(() => false, item.seconds);
      else this.#process.stdin.end();
    }
  }

  /** A person types after a prompt: what comes before the program asks may be thrown away. */
  async #untilItReads(): Promise<void> {
    let delay = FIRST_LOOK;
    for (let look = 0; look < MAX_LOOKS && !this.#ended && !this.#process.isReadingInput(); look += 1) {
      await sleep(delay);
      delay = Math.min(2 * delay, LAST_LOOK);
    }
  }

  /** Resolves to true once `holds()`, or to false if the program ends first or the time is up. */
  #until(holds: () => boolean, seconds: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const check = () => {
        if (holds()) finish(true);
        else if (this.#ended) finish(false);
      };
      const timer = seconds === undefined ? undefined : setTimeout(() => finish(holds()), seconds * 1000);
      const finish = (held: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(held);
      };
      this.#waiters.add(check);
      check();
    });
  }

  #wake(): void {
    for (const check of [...this.#waiters]) check();
  }
}
