/**
 * Tickets: each leads a client once from the main port to a port of its own.
 *
 *     offer = fields(port (2), ticket (16)), the first message of the server on the main port
 *
 * On that port both sides prove a pre-shared key. Its id is the ticket, which is public; the key is
 * exported from the channel on the main port, so only the two ends of that channel have it.
 */
import { type Bytes, equal } from "../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../lib/bytes/fields.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { within } from "../../lib/channel/conversation.ts";
import { PRE_SHARED_KEY_LENGTH } from "../../lib/channel/handshake.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";

export const TICKET_LENGTH = 16;
export const OFFER_LENGTH = 26;

const PORT_LENGTH = 2;
const KEY_LABEL = "sml/04/v1/ticket";

export interface Offer {
  /** 1 to 65535. */
  port: number;
  /** 16 random bytes. */
  ticket: Bytes;
}

/** A ticket as its issuer keeps it: the owner of the key may use it once. */
export class Ticket {
  readonly id = randomBytes(TICKET_LENGTH);
  #key: Bytes | undefined;
  #used = false;

  /** Sets the key; until then the ticket cannot be used. */
  admit(key: Bytes): void {
    this.#key = key;
  }

  /**
   * Returns the key if `id` matches. This does not use the ticket: the client is not authenticated
   * yet.
   */
  lookUp(id: Bytes): Bytes | undefined {
    return equal(id, this.id) ? this.#key : undefined;
  }

  /**
   * Uses the ticket for a client that has proved the key; returns the reason to refuse the client
   * if it was used before.
   */
  use(): string | undefined {
    if (this.#used) return "this ticket has been used";
    this.#used = true;
    return undefined;
  }
}

/** Encodes `offer`, always in `OFFER_LENGTH` bytes, so that the length does not reveal the port. */
export function encodeOffer({ port, ticket }: Offer): Bytes {
  return encodeFields([new Uint8Array([port >>> 8, port]), ticket]);
}

/** Decodes an offer. @throws Error when it is malformed */
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

/**
 * Receives the offer, the first message of the server.
 *
 * @throws Error when it is malformed or late
 */
export async function receiveOffer(channel: Channel, timeout: number): Promise<Offer> {
  const message = await within(channel, timeout, channel.receive());
  if (!message) throw new Error("the server closed the channel without offering a port");
  return decodeOffer(message);
}

/** Derives the pre-shared key for `ticket` from the channel that carried the offer. */
export function deriveTicketKey(channel: Channel, ticket: Bytes): Bytes {
  return channel.exportKey(KEY_LABEL, ticket, PRE_SHARED_KEY_LENGTH);
}
