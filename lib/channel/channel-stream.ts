/** A channel as a Node stream: bytes without message boundaries. */
import { Duplex } from "node:stream";
import { type Bytes, concat } from "../bytes/bytes.ts";
import type { Channel } from "./channel.ts";

/** Maximum length of a message that the stream sends. */
const PIECE_LENGTH = 64 * 1024;

/**
 * Wraps `channel` in a duplex stream.
 *
 * A chunk counts as written once the transport has accepted it, and a message is received when
 * there is room for it, so the backpressure of the transport becomes that of the stream. Ending the
 * stream closes our direction; destroying it before both directions are closed destroys the
 * channel.
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

/** Sends `bytes` as messages, all of them concurrently. */
async function sendPieces(channel: Channel, bytes: Bytes): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let offset = 0; offset < bytes.length; offset += PIECE_LENGTH)
    sent.push(channel.send(bytes.subarray(offset, offset + PIECE_LENGTH)));
  await Promise.all(sent);
}
