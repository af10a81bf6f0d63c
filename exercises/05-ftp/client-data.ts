/** A data connection as the client uses it, under TLS or X-SML: one direction carries a file or a listing, and has an end. */
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import type { Bytes } from "../../lib/bytes.ts";
import type { Channel } from "../../lib/channel.ts";

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

/** A data connection under TLS, whose bare end is an error of the `socket`. */
export function overTls(socket: TLSSocket): DataConnection {
  return {
    async *[Symbol.asyncIterator]() {
      yield* socket.iterator({ destroyOnReturn: false });
      socket.end();
    },
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async end() {
      socket.resume().end();
      await once(socket, "finish");
    },
    destroy: (reason) => void socket.destroy(new Error(reason)),
  };
}
