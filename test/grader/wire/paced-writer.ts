/** Writes to a program piece by piece, each once the program has read the one before. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Machine } from "../sandbox/machine.ts";

/** Milliseconds between two looks, which double from the first to the last. */
const FIRST_LOOK = 1;
const LAST_LOOK = 20;
/** Milliseconds that a program may sleep over unread bytes. */
const PATIENCE = 2000;
/** Looks at a program that computes instead of reading: a minute or more. */
const MAX_LOOKS = 3000;
/** Milliseconds between two pieces where reading cannot be observed. */
const GAP = 10;

/**
 * Many programs take what one read returns for one message. They receive the same pieces on a busy
 * machine as on a quiet one, because what is still unread is never joined with what follows.
 */
export class PacedWriter {
  readonly #socket: Socket;
  readonly #machine: Pick<Machine, "unread" | "isComputing">;
  #lastStep: Promise<void> = Promise.resolve();
  /** The program has left bytes unread for too long. */
  #isIgnored = false;

  /** @param machine where the program runs that reads from the other end of `socket` */
  constructor(socket: Socket, machine: Pick<Machine, "unread" | "isComputing">) {
    this.#socket = socket;
    this.#machine = machine;
  }

  /** Resolves once `bytes` have been handed to the system. */
  write(bytes: Bytes): Promise<void> {
    return this.#enqueue(async () => {
      await this.#untilRead();
      const socket = this.#socket;
      if (socket.destroyed || socket.write(bytes)) return;
      // a reset rejects both, and the relay of the other direction reports it
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
    });
  }

  end(): Promise<void> {
    return this.#enqueue(async () => void this.#socket.end());
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    this.#lastStep = this.#lastStep.then(step);
    return this.#lastStep;
  }

  async #untilRead(): Promise<void> {
    let delay = FIRST_LOOK;
    let asleep = 0;
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const unread = this.#socket.destroyed ? 0 : await this.#machine.unread(this.#socket);
      if (unread === undefined) await sleep(GAP);
      if (!unread) this.#isIgnored = false;
      if (!unread || this.#isIgnored) return;
      await sleep(delay);
      if (delay < LAST_LOOK) delay *= 2;
      else if (this.#machine.isComputing()) asleep = 0;
      else asleep += delay;
      if (asleep >= PATIENCE) break;
    }
    this.#isIgnored = true;
  }
}
