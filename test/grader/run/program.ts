/** A running program as its user would see it: what it prints, what is typed, and how it ended. */
import { StringDecoder } from "node:string_decoder";
import type { Item } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Ending, RunningProgram } from "../model/program.ts";
import type { Process } from "../sandbox/machine.ts";

/** Bytes that a program may print on both streams together, before it is ended. */
export const OUTPUT_LIMIT = 1 << 20;

const LAST_LINES = 5;
const LAST_CHARACTERS = 500;

export interface ProgramOptions {
  side: Side;
  /** Counted from 1 among the programs of a stage. */
  number: number;
  /** What is typed, line by line. */
  stdin: Item[];
  /** Seconds that it may run. */
  seconds: number;
  record(event: EventWithoutTime): void;
}

export class Program implements RunningProgram {
  readonly side: Side;
  readonly number: number;
  readonly ending: Promise<Ending>;
  readonly stored = new Map<string, string>();
  readonly #process: Process;
  readonly #text = { stdout: "", stderr: "" };
  /** Both streams as they came, for those who wait for a text. */
  #printed = "";
  #bytes = 0;
  #stopped: string | undefined;
  #ended: Ending | undefined;
  #waiting: string | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(process: Process, { side, number, stdin, seconds, record }: ProgramOptions) {
    this.side = side;
    this.number = number;
    this.#process = process;
    const streams = (["stdout", "stderr"] as const).map((name) => this.#capture(name, record));
    process.stdin.on("error", () => {}); // it may have ended, or closed its input
    const timer = setTimeout(() => this.#end("time"), seconds * 1000);
    void process.limitExceeded.then((what) => {
      this.#stopped ??= what;
    });
    this.ending = Promise.all([process.exit, ...streams]).then(([status]) => {
      clearTimeout(timer);
      this.#ended = { status: this.#stopped === undefined ? status : undefined, stopReason: this.#stopped };
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

  /** How it ended; undefined while it runs. */
  get ended(): Ending | undefined {
    return this.#ended;
  }

  /** The text that it must print before the next line is typed, if there is one. */
  get awaitedText(): string | undefined {
    return this.#waiting;
  }

  /** What it printed last, as a reason says it. */
  lastWords(): string {
    const lines = `${this.stdout}\n${this.stderr}`.split("\n").filter((line) => line.trim() !== "");
    return lines.slice(-LAST_LINES).join("\n").slice(-LAST_CHARACTERS) || "it printed nothing";
  }

  waitForOutput(text: string, seconds: number): Promise<boolean> {
    const has = () => this.stdout.includes(text) || this.stderr.includes(text);
    return this.#until(has, seconds);
  }

  typeLine(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    this.#end("stopped");
    await this.ending;
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#stopped ??= reason;
    this.#process.end();
  }

  /** Reads a stream to its end, which comes when nobody is left who could write to it. */
  #capture(name: "stdout" | "stderr", record: ProgramOptions["record"]): Promise<void> {
    const stream = this.#process[name];
    const decoder = new StringDecoder("utf8");
    const add = (text: string) => {
      if (text === "") return;
      this.#text[name] += text;
      this.#printed += text;
      record({ type: "printed", side: this.side, program: this.number, stream: name, text });
      this.#wake();
    };
    stream.on("data", (bytes: Buffer) => {
      const room = Math.max(OUTPUT_LIMIT - this.#bytes, 0);
      this.#bytes += bytes.length;
      add(decoder.write(bytes.subarray(0, room)));
      if (bytes.length > room) this.#end("output");
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
        this.#waiting = item.wait;
        await this.#until(() => this.#printed.includes(item.wait, position), undefined);
        this.#waiting = undefined;
        position = this.#printed.indexOf(item.wait, position) + item.wait.length;
      } else if ("seconds" in item) await this.#until(() => false, item.seconds);
      else this.#process.stdin.end();
    }
  }

  /** Resolves to true once `holds`, to false when the program ends or the time is over before. */
  #until(holds: () => boolean, seconds: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const look = () => {
        if (holds()) finish(true);
        else if (this.#ended) finish(false);
      };
      const timer = seconds === undefined ? undefined : setTimeout(() => finish(holds()), seconds * 1000);
      const finish = (held: boolean) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(held);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }
}
