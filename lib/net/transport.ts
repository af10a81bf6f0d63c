/**
 * The transport under a channel: anything that carries whole messages in order in both directions,
 * such as `FramedStream` over TCP.
 */
import type { Bytes } from "../bytes/bytes.ts";

export interface Transport {
  /**
   * Returns the next message, or undefined once the peer has ended its half.
   *
   * @param limit maximum length of the message
   * @throws Error when the message is longer or truncated, or when the transport has failed
   */
  next(limit: number): Promise<Bytes | undefined>;
  /** Sends `parts`, joined, as one message; resolves once the transport has accepted it. */
  write(...parts: Bytes[]): Promise<void>;
  /** Ends our half. */
  end(): void;
  /** Ends both halves once pending writes are flushed. */
  close(): void;
  /** Destroys the transport; pending reads and writes fail with `error`. */
  destroy(error: Error): void;
  /** True once nothing more will arrive: the peer has ended its half, or this side is closed. */
  readonly ended: boolean;
}
