/** AUTH X-SML: the project's own channel, as the server uses it. */
import type { Socket } from "node:net";
import { Semaphore } from "../../lib/async/semaphore.ts";
import { release } from "../../lib/bytes/release.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { DataStream, Mechanism } from "./protection.ts";
import { acceptData, X_SML, XSml } from "./x-sml.ts";

// half of libuv's threads: the rest is left to files and records
const HANDSHAKE_WIDTH = 2;
const HANDSHAKE_CAPACITY = 256;
/** Bytes of the longest message that a piece of a file is cut into: as long as the pieces are, since each message costs by itself. */
const MESSAGE_LENGTH = 512 * 1024;
/** Messages that may be on their way at a time. */
const IN_FLIGHT = 4;

export interface XSmlSettings {
  identity: Identity;
  /** Seconds that a handshake may take. */
  timeout: number;
  /** Seconds that a data connection may stand still. */
  stall: number;
  /** The fingerprint of the only client; without it, any. */
  fingerprint: string | undefined;
}

/** Returns what AUTH X-SML does. */
export function xSmlMechanism({ identity, timeout, stall, fingerprint }: XSmlSettings): Mechanism {
  const semaphore = new Semaphore(HANDSHAKE_WIDTH, HANDSHAKE_CAPACITY);
  const authorize = (peer: { fingerprint: string }) =>
    fingerprint === undefined || peer.fingerprint === fingerprint
      ? undefined
      : "this server accepts another client only";
  return {
    names: [X_SML],
    async protect(socket) {
      const session = await XSml.accept(socket, { identity, timeout, authorize, semaphore });
      return {
        description: `${X_SML}, ${session.peer.fingerprint}`,
        control: session.stream,
        nextData() {
          const key = session.nextDataKey();
          // whoever opens the connection hears of it
          key.catch(() => {});
          return async (data: Socket) => {
            const channel = await acceptData(data, await key, { timeout, semaphore });
            data.setTimeout(stall * 1000, () => channel.destroy(`nothing has moved for ${stall} s`));
            return overChannel(channel);
          };
        },
      };
    },
  };
}

/** Returns the data connection over `channel`, whose end is a record. */
function overChannel(channel: Channel): DataStream {
  const sending: Promise<void>[] = [];
  return {
    async receive(take) {
      for await (const piece of channel) {
        await take(piece);
        release(piece);
      }
    },
    async send(piece) {
      // the channel copies what it is given at once, so the next piece may come while this one is on its way
      for (let offset = 0; offset < piece.length; offset += MESSAGE_LENGTH) {
        if (sending.length >= IN_FLIGHT) await sending.shift();
        const sent = channel.send(piece.subarray(offset, offset + MESSAGE_LENGTH));
        // whoever sends more, or ends, hears of it
        sent.catch(() => {});
        sending.push(sent);
      }
    },
    async end() {
      await Promise.all(sending);
      await channel.end();
      // the peer closes its direction too, or is cut off
      channel.close().catch(() => {});
    },
    destroy: (reason) => channel.destroy(reason.message),
  };
}
