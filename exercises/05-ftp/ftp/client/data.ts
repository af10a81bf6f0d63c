/** A data connection as the client uses it, under TLS or X-SML: one direction carries a file or a listing, and has an end. */
import type { Duplex } from "node:stream";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Channel } from "../../../../lib/channel/channel.ts";
import { describe } from "../../../../lib/net/framing.ts";

export interface DataConnection extends AsyncIterable<Bytes> {
  /** Resolves once `bytes` may be used again; several may be on their way at a time. @throws Error when the connection has failed */
  send(bytes: Bytes): Promise<void>;
  /** Says that all has been sent. @throws Error when the connection has failed */
  end(): Promise<void>;
  /** Cuts the connection off: whoever waits for it gets an error. */
  destroy(reason: string): void;
}

/** A data connection under X-SML. */
export function overChannel(channel: Channel): DataConnection {
  return {
    async *[Symbol.asyncIterator]() {
      yield* channel;
      await channel.end();
    },
    send: (bytes) => channel.send(bytes),
    end: () => channel.end(),
    destroy: (reason) => channel.destroy(reason),
  };
}

/** A data connection over a stream, such as TLS, whose end is vouched for. */
export function overStream(stream: Duplex): DataConnection {
  const settle = (work: (callback: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      work((error) => (error ? reject(explain(error)) : resolve()));
    });
  // whoever waits is told otherwise
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
    send: (bytes) => settle((callback) => void stream.write(bytes, callback)),
    end: () => settle((callback) => void stream.resume().end(callback)),
    destroy: (reason) => void stream.destroy(new Error(reason)),
  };
}

/** What `error` of a stream says, as a plain error; Node's own are of classes of their own. */
function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if ("code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE")
    return new Error("the data connection was closed before its end");
  return new Error(describe(error).message);
}
