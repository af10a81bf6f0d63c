/**
 * Tickets: what leads a client from the main port to a port of its own, once.
 *
 *     offer = fields(port (2), ticket (16)), the first message of the server on the main port
 *
 * On that port both prove a pre-shared key. The ticket is its id, which everybody may see; the key comes out of the channel
 * on the main port, so only the two ends of that have it.
 */
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../lib/bytes/fields.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { within } from "../../lib/channel/conversation.ts";
import { PRE_SHARED_KEY_LENGTH } from "../../lib/channel/handshake.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";

export const TICKET_LENGTH = 16;

const PORT_LENGTH = 2;
const KEY_LABEL = "sml/04/v1/ticket";

export interface Offer {
  /** 1 to 65535. */
  port: number;
  /** 16 random bytes. */
  ticket: Bytes;
}

/** A ticket as its issuer keeps it: who has the key may use it, once. */
export class Ticket {
  readonly id = randomBytes(TICKET_LENGTH);
  #key: Bytes | undefined;
  #used = false;

  /** Sets the key; before that, nobody can use the ticket. */
  admit(key: Bytes): void {
    this.#key = key;
  }

  /** Returns the key when this is its `id`. It does not use the ticket up: whoever names it has proved nothing yet. */
  lookUp(id: Bytes): Bytes | undefined {
    return equal(id, this.id) ? this.#key : undefined;
  }

  /** Uses the ticket up, for somebody who has proved the key; returns the reason to refuse him when it is used already. */
  use(): string | undefined {
    if (this.#used) return "this ticket has been used";
    this.#used = true;
    return undefined;
  }
}

/** Returns the bytes of `offer`: always as many, so that their number does not tell the port. */
export function encodeOffer({ port, ticket }: Offer): Bytes {
  return encodeFields([new Uint8Array([port >>> 8, port]), ticket]);
}

/** Returns the offer that `message` carries. @throws Error when it is none */
export function decodeOffer(message: Bytes): Offer {
  const [portBytes, ticket] = decodeFields(message, 2);
  const [high = 0, low = 0] = portBytes;
  const port = (high << 8) | low;
  if (portBytes.length !== PORT_LENGTH || port === 0)
    throw new Error("malformed offer: expected a port from 1 to 65535 in 2 bytes");
  if (ticket.length !== TICKET_LENGTH)
    throw new Error(`malformed offer: expected a ticket of ${TICKET_LENGTH} bytes, got ${ticket.length}`);
  return { port, ticket };
}

/** Returns the offer, which is the first message of the server. @throws Error when it is none, or does not come within `timeout` seconds */
export async function receiveOffer(channel: Channel, timeout: number): Promise<Offer> {
  const message = await within(channel, timeout, channel.receive());
  if (!message) throw new Error("the server closed the channel without offering a port");
  return decodeOffer(message);
}

/** Returns the pre-shared key that goes with `ticket`; `channel` is the one that carried the offer. */
export function deriveTicketKey(channel: Channel, ticket: Bytes): Promise<Bytes> {
  return channel.exportKey(KEY_LABEL, ticket, PRE_SHARED_KEY_LENGTH);
}
