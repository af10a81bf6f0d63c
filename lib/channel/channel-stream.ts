/** A channel as a Node stream: bytes without message bounds, for whoever speaks in bytes. */
import { Duplex } from "node:stream";
import { type Bytes, concat } from "../bytes/bytes.ts";
import type { Channel } from "./channel.ts";

/** Bytes of the longest message that a stream makes of what is written to it. */
const PIECE_LENGTH = 64 * 1024;

/**
 * Returns `channel` as a duplex stream.
 *
 * A chunk counts as written once the transport has taken it, and a message is received when there is room for it, so the
 * backpressure of the transport is that of the stream. Ending the stream closes our direction; destroying it
 * before both directions are closed cuts the channel off.
 */
export function duplexOf(channel: Channel): Duplex {
  let closed = 0;
  const settle = (work: Promise<void>, callback: (error?: Error | null) => void) => {
    work.then(() => callback(), callback);
  };
  const stream: Duplex = new Duplex({
    write(chunk: Bytes, _encoding, callback) {
      settle(sendPieces(channel, chunk), callback);
    },
    writev(chunks: { chunk: Bytes }[], callback) {
      settle(sendPieces(channel, concat(chunks.map(({ chunk }) => chunk))), callback);
    },
    final(callback) {
      settle(
        channel.end().then(() => {
          closed += 1;
        }),
        callback,
      );
    },
    read() {
      channel.receive().then(
        (message) => {
          if (!message) closed += 1;
          stream.push(message ?? null);
        },
        (error) => stream.destroy(error),
      );
    },
    destroy(error, callback) {
      if (closed < 2) channel.destroy(error?.message ?? "the stream over the channel was destroyed");
      callback(error);
    },
  });
  return stream;
}

/** Sends `bytes` in pieces, all on their way at once. */
async function sendPieces(channel: Channel, bytes: Bytes): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let offset = 0; offset < bytes.length; offset += PIECE_LENGTH)
    sent.push(channel.send(bytes.subarray(offset, offset + PIECE_LENGTH)));
  await Promise.all(sent);
}
