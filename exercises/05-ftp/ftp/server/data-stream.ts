/** A data connection whose content is what a stream carries: the bare socket, or TLS over it. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { release } from "../../../../lib/bytes/release.ts";
import type { DataStream, Protect, Take } from "../../protection.ts";

/** Bytes that may wait to be taken before the peer is held up. */
const AHEAD = 1024 * 1024;
/** Milliseconds that a peer may take to end its half after we have ended ours. */
const LINGER = 5000;

/** PROT C: nothing is protected, and any end of the connection is one of the file. */
export function inClear(stall: number): Protect {
  return async (socket) => overSocket(socket, stall);
}

/**
 * Returns the data connection over `stream`, whose end is vouched for, as far as it ever is.
 *
 * @param stall seconds that it may stand still
 */
export function overSocket(stream: Socket | TLSSocket, stall: number): DataStream {
  let failure: Error | undefined;
  stream.setTimeout(stall * 1000, () => stream.destroy(new Error(`nothing has moved for ${stall} s`)));
  // first of all: whoever waits is told by "close"
  stream.on("error", (error) => {
    failure ??= error;
  });
  return {
    receive: (take) => receive(stream, take),
    send: (piece) =>
      new Promise((resolve, reject) => {
        stream.write(piece, (error) => (error ? reject(failure ?? error) : resolve()));
      }),
    async end() {
      if (failure) throw failure;
      // what the peer still sends must not stand in the way of its end
      stream.resume();
      stream.end();
      if (!stream.writableFinished) await Promise.race([once(stream, "finish"), closed(stream)]);
      if (!stream.writableFinished) throw failure ?? new Error("the data connection was closed");
      const deadline = setTimeout(() => stream.destroy(), LINGER);
      stream.once("close", () => clearTimeout(deadline));
    },
    destroy(reason) {
      failure ??= reason;
      stream.destroy(reason);
    },
  };
}

/** Hands what comes to `take`, piece by piece, until the end. */
function receive(stream: Duplex, take: Take): Promise<void> {
  return new Promise((resolve, reject) => {
    let pieces: Bytes[] = [];
    let waiting = 0;
    let isTaking = false;
    let hasEnded = false;

    const fail = (error: Error) => {
      reject(error);
      stream.destroy(error);
    };
    /** Takes `piece` at once, if that can be; else resolves once it is taken. */
    const put = (piece: Bytes): Promise<void> | undefined => {
      try {
        const taking = take(piece);
        if (taking !== undefined) return taking.then(() => release(piece));
        release(piece);
        return undefined;
      } catch (error) {
        return Promise.reject(error);
      }
    };
    const drain = async () => {
      while (pieces.length > 0) {
        const batch = pieces;
        pieces = [];
        waiting = 0;
        if (stream.isPaused()) stream.resume();
        for (const piece of batch) {
          const taking = put(piece);
          if (taking !== undefined) await taking;
        }
      }
      isTaking = false;
      if (hasEnded) resolve();
    };

    stream.on("data", (piece: Bytes) => {
      if (!isTaking) {
        const taking = put(piece);
        isTaking = taking !== undefined;
        taking?.then(drain).catch(fail);
        return;
      }
      pieces.push(piece);
      waiting += piece.length;
      if (waiting >= AHEAD) stream.pause();
    });
    stream.on("end", () => {
      hasEnded = true;
      if (!isTaking) resolve();
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (!hasEnded) reject(new Error("the data connection was closed"));
    });
    // an end with nothing before it may have been told before anybody listened
    if (stream.readableEnded) resolve();
    else if (stream.destroyed) reject(new Error("the data connection was closed"));
    else stream.resume();
  });
}

async function closed(stream: Duplex): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once("close", resolve));
}
