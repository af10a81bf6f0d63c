/**
 * What a channel runs over: anything that carries whole messages, in order, both ways, such as `FramedStream` over TCP.
 */
import type { Bytes } from "../bytes/bytes.ts";

export interface Transport {
  /**
   * Returns the next message, or undefined once the peer has ended its half.
   *
   * @param limit bytes of the longest message that is taken
   * @param use what becomes of it: `brief` is for whoever is done with it before he asks for the next one, which then may
   *   lie in the same memory; by default it is his to keep
   * @throws Error when the message is longer or cut short, or when the transport has failed
   */
  next(limit: number, use?: "keep" | "brief"): Promise<Bytes | undefined>;
  /** Sends `parts`, joined, as one message; resolves once it is taken off our hands. */
  write(...parts: Bytes[]): Promise<void>;
  /** True when nobody looks at the memory of what was written any more, once `write` has resolved. */
  readonly letsGo: boolean;
  /** Ends our half: nothing more will be written. */
  end(): void;
  /** Ends both halves, after what was written has gone out. */
  close(): void;
  /** Cuts the transport off at once: whoever waits for it gets `error`. */
  destroy(error: Error): void;
  /** True once it can carry nothing any more. */
  readonly closed: boolean;
}
