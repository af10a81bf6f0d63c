/**
 * A data connection whose content a stream carries: a bare socket, or one with encryption over it.
 */
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { release } from "../../../../lib/bytes/release.ts";
import type { Protect, ServerData, Take } from "../../protection.ts";

/** Received bytes that may be queued before the peer is paused. */
const AHEAD = 1024 * 1024;
/** Milliseconds that the peer may take to end its half after the server has ended its own. */
const LINGER = 5000;

/** PROT C: nothing is protected, and any end of the connection ends the file. */
export function unprotected(stall: number): Protect<ServerData> {
  return async (socket) => serverData(socket, stall);
}

/**
 * Returns the data connection over `stream`.
 *
 * @param stall seconds that it may be idle
 */
export function serverData(stream: Socket, stall: number): ServerData {
  let failure: Error | undefined;
  stream.setTimeout(stall * 1000, () => stream.destroy(new Error(`no data moved for ${stall} s`)));
  // before all other listeners: "close" reports it to the caller
  stream.on("error", (error) => {
    failure ??= error;
  });
  return {
    receive: (take) => receive(stream, take),
    send: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(failure ?? error) : resolve()));
      }),
    async end() {
      if (failure) throw failure;
      // unread data from the peer would delay its end
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

/** Passes each piece to `take` until the end. Queues pieces while `take` is busy. */
function receive(stream: Duplex, take: Take): Promise<void> {
  return new Promise((resolve, reject) => {
    let pieces: Bytes[] = [];
    let queued = 0;
    let isTaking = false;
    let hasEnded = false;

    const fail = (error: Error) => {
      reject(error);
      stream.destroy(error);
    };
    /** Returns undefined if `piece` was taken at once. */
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
        queued = 0;
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
      queued += piece.length;
      if (queued >= AHEAD) stream.pause();
    });
    stream.on("end", () => {
      hasEnded = true;
      if (!isTaking) resolve();
    });
    stream.on("error", reject);
    stream.on("close", () => {
      if (!hasEnded) reject(new Error("the data connection was closed"));
    });
    // an empty stream may have ended before these listeners were added
    if (stream.readableEnded) resolve();
    else if (stream.destroyed) reject(new Error("the data connection was closed"));
    else stream.resume();
  });
}

async function closed(stream: Duplex): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once("close", resolve));
}
