/** Commands to the box helper, and its answers, over Node's channel to a child process. */
import type { ChildProcess } from "node:child_process";
import { Socket } from "node:net";

export type HelperMessage = Record<string, unknown>;

const GONE: HelperMessage = { error: "the box is gone" };

/** Receives a message that answers no command. */
type OnEvent = (message: HelperMessage, socket: Socket | undefined) => void;

export class HelperChannel {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (answer: HelperMessage, socket?: Socket) => void>();
  #lastId = 0;

  constructor(child: ChildProcess, onEvent: OnEvent) {
    this.#child = child;
    child.on("message", (received, handle) => {
      const message: HelperMessage = typeof received === "object" && received !== null ? { ...received } : {};
      const socket = handle instanceof Socket ? handle : undefined;
      if (message["event"] === undefined) this.#pending.get(Number(message["re"]))?.(message, socket);
      else onEvent(message, socket);
    });
  }

  /** Sends a command that has no answer. */
  tell(command: string): void {
    this.#send(command);
  }

  /** Sends a command, and resolves to its answer; to an error if the helper has ended. */
  ask(command: string, ...values: (string | number)[]): Promise<HelperMessage & { socket?: Socket }> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#pending.set(id, (answer, socket) => {
        this.#pending.delete(id);
        resolve({ ...answer, ...(socket && { socket }) });
      });
      if (!this.#send([command, id, ...values].join(" "))) this.#pending.get(id)?.(GONE);
    });
  }

  /** Answers every command that still waits, since the helper has ended. */
  close(): void {
    for (const answer of [...this.#pending.values()]) answer(GONE);
  }

  #send(command: string): boolean {
    if (!this.#child.connected) return false;
    // the error of a helper that has ended is reported by its exit
    this.#child.send(command, () => {});
    return true;
  }
}
