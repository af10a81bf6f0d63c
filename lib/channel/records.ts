/**
 * Records, the units of a channel: sealed with AES-256-GCM (NIST SP 800-38D), one key per
 * direction.
 *
 *     record          = type (1) ‖ ciphertext (as long as the content) ‖ tag (16)
 *     nonce           = IV (12) XOR the record's number, uint64 big-endian, in its last 8 bytes
 *     additional data = uint32 length of the record, big-endian ‖ type
 *
 * The number counts the records of a direction from 0 and is never sent, so a missing, repeated or
 * moved record does not open. After every 2^20 records, the next keys are derived from the secret
 * that came with the last ones.
 */
import type { Bytes } from "../bytes/bytes.ts";
import { encodeFields } from "../bytes/fields.ts";
import { KEY_LENGTH, NONCE_LENGTH, open, seal, TAG_LENGTH } from "../crypto/aead.ts";
import { hkdf } from "../crypto/sha-256.ts";

/** The type of a record, its first byte. */
export const PROOF = 1;
export const READY = 2;
export const REFUSED = 3;
export const MESSAGE = 4;
export const CLOSE = 5;

/** Length of a record minus that of its content. */
export const RECORD_OVERHEAD = 1 + TAG_LENGTH;
/** Number of records under one key. */
export const REKEY_AFTER = 2 ** 20;
// the limit of exact integers; a uint64 would allow more
const NUMBER_LIMIT = 2 ** 53;

const SECRET_LENGTH = 32;
/** Length of the keys of one direction. */
export const DIRECTION_LENGTH = KEY_LENGTH + NONCE_LENGTH + SECRET_LENGTH;
const REKEY_LABEL = "sml/channel/v1/rekey";

/** The message of every record that does not open, which gives a forger no details. */
export const NOT_AUTHENTIC =
  "the channel is cut off: a record was altered on the way, or is not the next one of this peer and session";

/** The keys of one direction. */
export interface Direction {
  /** 32 bytes. */
  key: Bytes;
  /** 12 bytes. */
  iv: Bytes;
  /**
   * 32 bytes: the finished key during the handshake; afterwards the next keys are derived from it.
   */
  secret: Bytes;
}

/** The first number, and the number of records under one key: for tests only. */
export interface RecordOptions {
  rekeyAfter?: number | undefined;
  firstNumber?: number | undefined;
}

/** Splits the keys of one direction, 76 bytes, into key, IV and secret. */
export function splitDirection(bytes: Bytes): Direction {
  return {
    key: bytes.slice(0, KEY_LENGTH),
    iv: bytes.slice(KEY_LENGTH, KEY_LENGTH + NONCE_LENGTH),
    secret: bytes.slice(KEY_LENGTH + NONCE_LENGTH, DIRECTION_LENGTH),
  };
}

/** Seals the records of one direction. */
export class Sealer {
  readonly #numbering: Numbering;

  constructor(direction: Direction, options?: RecordOptions) {
    this.#numbering = new Numbering(direction, options);
  }

  /**
   * Seals `content` as the next record; returns it in parts, to be joined.
   *
   * @throws Error when the numbers have run out
   */
  seal(type: number, content: Bytes): Bytes[] {
    const { key, nonce } = this.#numbering.next();
    const additionalData = describeRecord(content.length + RECORD_OVERHEAD, type);
    return [new Uint8Array([type]), ...seal({ key, nonce, additionalData }, content)];
  }
}

/** Opens the records of one direction. */
export class Opener {
  readonly #numbering: Numbering;

  constructor(direction: Direction, options?: RecordOptions) {
    this.#numbering = new Numbering(direction, options);
  }

  /**
   * Opens the next record, which must have one of `types`; returns its type, and its content in new
   * memory.
   *
   * @throws Error, always the same, for anything that is wrong with it; another when the numbers
   *   have run out
   */
  open(record: Bytes, ...types: number[]): { type: number; content: Bytes } {
    const [type = 0] = record;
    if (record.length < RECORD_OVERHEAD || !types.includes(type)) throw new Error(NOT_AUTHENTIC);
    const { key, nonce } = this.#numbering.next();
    const additionalData = describeRecord(record.length, type);
    try {
      return { type, content: open({ key, nonce, additionalData }, record.subarray(1)) };
    } catch {
      throw new Error(NOT_AUTHENTIC);
    }
  }
}

/** Assigns each record of a direction its number, and the keys for it. */
class Numbering {
  #keys: Direction;
  readonly #rekeyAfter: number;
  #number: number;

  constructor(direction: Direction, { rekeyAfter = REKEY_AFTER, firstNumber = 0 }: RecordOptions = {}) {
    this.#keys = direction;
    this.#rekeyAfter = rekeyAfter;
    this.#number = firstNumber;
  }

  /** Returns the key and the nonce of the next record. @throws Error when numbers have run out */
  next(): { key: Bytes; nonce: Bytes } {
    const number = this.#number;
    if (number >= NUMBER_LIMIT) throw new Error("the channel has run out of record numbers; connect again");
    this.#number += 1;
    if (number > 0 && number % this.#rekeyAfter === 0) this.#keys = rekey(this.#keys);
    return { key: this.#keys.key, nonce: nonceOf(this.#keys.iv, number) };
  }
}

/** Written out byte by byte, as below, because this runs twice for every record. */
function nonceOf(iv: Bytes, number: number): Bytes {
  const nonce = iv.slice();
  for (let rest = number, index = NONCE_LENGTH - 1; rest > 0; rest = Math.floor(rest / 256), index -= 1)
    nonce[index] = (nonce[index] ?? 0) ^ (rest % 256);
  return nonce;
}

/** Returns the additional data of a record. */
function describeRecord(length: number, type: number): Bytes {
  return new Uint8Array([length >>> 24, length >>> 16, length >>> 8, length, type]);
}

function rekey({ secret }: Direction): Direction {
  const info = encodeFields([REKEY_LABEL]);
  return splitDirection(hkdf(secret, new Uint8Array(SECRET_LENGTH), info, DIRECTION_LENGTH));
}
