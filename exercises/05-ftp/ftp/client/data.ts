/** The client's data connections: over a stream, and with a timeout. */
import type { Duplex } from "node:stream";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { describe } from "../../../../lib/net/framing.ts";
import type { ClientData } from "../../protection.ts";

/** Returns the data connection over `stream`: a bare socket, or one with encryption over it. */
export function clientData(stream: Duplex): ClientData {
  const settle = (work: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      work((error) => (error ? reject(explain(error)) : resolve()));
    });
  // the pending call reports it
  stream.on("error", () => {});
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* stream.iterator({ destroyOnReturn: false });
      } catch (error) {
        throw explain(error);
      }
      stream.end();
    },
    send: (bytes: Bytes) => settle((callback) => void stream.write(bytes, callback)),
    end: () => settle((callback) => void stream.resume().end(callback)),
    destroy: (reason) => void stream.destroy(reason),
  };
}

/** Returns `data`, which is cut off once a call has waited `timeout` seconds without progress. */
export function withTimeout(data: ClientData, timeout: number): ClientData {
  const stall = new StallTimer(timeout, () =>
    data.destroy(new Error(`timed out: no data moved on the data connection for ${timeout} s`)),
  );
  return {
    async *[Symbol.asyncIterator]() {
      const chunks = data[Symbol.asyncIterator]();
      for (;;) {
        const next = await stall.watch(chunks.next());
        if (next.done) return;
        yield next.value;
      }
    },
    send: (bytes) => stall.watch(data.send(bytes)),
    end: () => stall.watch(data.end()),
    destroy(reason) {
      stall.stop();
      data.destroy(reason);
    },
  };
}

/** Calls `onStall` when promises were pending for `timeout` seconds and none has settled. */
export class StallTimer {
  readonly #timer: NodeJS.Timeout;
  #pending = 0;
  #since = 0;

  constructor(timeout: number, onStall: () => void) {
    this.#timer = setInterval(
      () => {
        if (this.#pending > 0 && performance.now() - this.#since > timeout * 1000) onStall();
      },
      Math.min(timeout * 250, 1000),
    );
  }

  /** Counts `work` as pending until it settles. Time in which nothing is pending does not count. */
  async watch<T>(work: Promise<T>): Promise<T> {
    if (this.#pending === 0) this.#since = performance.now();
    this.#pending += 1;
    try {
      return await work;
    } finally {
      this.#pending -= 1;
      this.#since = performance.now();
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Returns a plain error; Node's stream errors have classes of their own. */
function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if ("code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE")
    return new Error("the data connection was closed before its end");
  return new Error(describe(error).message);
}
