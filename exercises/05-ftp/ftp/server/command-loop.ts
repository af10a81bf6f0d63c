/**
 * The order in which a session's commands are answered.
 *
 * Commands are answered one after the other. During a transfer ABOR is answered at once, and NOOP
 * and STAT if no command is queued before them; the next command waits for their answers, too. A
 * few commands are queued here; the rest of a flood waits in the client's system.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { type Command, parseCommand } from "../protocol/command.ts";
import { Refusal } from "../protocol/reply.ts";

/** Commands that are queued behind the current one. */
const MAX_QUEUED = 16;

/** When a verb is answered during a transfer. */
export type During = "at once" | "in order" | "after";

export interface CommandLoopOptions {
  /** Returns the next line; undefined if there is none yet. */
  nextLine: () => Bytes | "too long" | undefined;
  during: (verb: string) => During;
  isTransferring: () => boolean;
  /** Answers a command, or a line that is not one. Never rejects. */
  answer: (command: Command | Refusal) => Promise<void>;
  /** Called after each answer. */
  onAnswered: () => void;
}

export class CommandLoop {
  readonly #options: CommandLoopOptions;
  #queued: (Command | Refusal)[] = [];
  #isAnswering = false;
  /** Whether a command is being answered during a transfer. */
  #isAnsweringAside = false;
  #isStopped = false;

  constructor(options: CommandLoopOptions) {
    this.#options = options;
  }

  /** True while a command is being answered. */
  get isBusy(): boolean {
    return this.#isAnswering || this.#isAnsweringAside;
  }

  /** Answers no more commands. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Discards the queued commands. */
  discard(): void {
    this.#queued = [];
  }

  /** Starts on the commands that can be answered now. */
  run(): void {
    while (!this.#isStopped) {
      this.#fill();
      const next = this.#next();
      if (!next) break;
      if (this.#isAnswering) this.#answer(next, (is) => (this.#isAnsweringAside = is));
      else this.#answer(next, (is) => (this.#isAnswering = is));
    }
  }

  #fill(): void {
    while (this.#queued.length < MAX_QUEUED) {
      const line = this.#options.nextLine();
      if (line === undefined) return;
      this.#queued.push(parse(line));
    }
  }

  #next(): Command | Refusal | undefined {
    if (!this.isBusy) return this.#queued.shift();
    if (!this.#options.isTransferring() || this.#isAnsweringAside) return undefined;
    const index = this.#queued.findIndex((each) => this.#during(each) === "at once");
    if (index >= 0) return this.#queued.splice(index, 1)[0];
    const [first] = this.#queued;
    return first && this.#during(first) === "in order" ? this.#queued.shift() : undefined;
  }

  #during(command: Command | Refusal): During {
    return command instanceof Refusal ? "after" : this.#options.during(command.verb);
  }

  #answer(command: Command | Refusal, mark: (isRunning: boolean) => void): void {
    mark(true);
    const done = () => {
      mark(false);
      this.#options.onAnswered();
      this.run();
    };
    this.#options.answer(command).then(done, done);
  }
}

function parse(line: Bytes | "too long"): Command | Refusal {
  try {
    if (line === "too long") throw new Refusal(500, "Command line too long.");
    return parseCommand(line);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
