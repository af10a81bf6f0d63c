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
import { subtle } from "../crypto/webcrypto.ts";

/** The type of a record, its first byte. */
export const PROOF = 1;
export const READY = 2;
export const REFUSED = 3;
export const MESSAGE = 4;
export const CLOSE = 5;

const TAG_LENGTH = 16;
/** Length of a record minus that of its content. */
export const RECORD_OVERHEAD = 1 + TAG_LENGTH;
/** Number of records under one key. */
export const REKEY_AFTER = 2 ** 20;
// the limit of exact integers; a uint64 would allow more
const NUMBER_LIMIT = 2 ** 53;

const KEY_LENGTH = 32;
const IV_LENGTH = 12;
const SECRET_LENGTH = 32;
/** Length of the keys of one direction. */
export const DIRECTION_LENGTH = KEY_LENGTH + IV_LENGTH + SECRET_LENGTH;
const REKEY_LABEL = "sml/channel/v1/rekey";

/** The message of every record that does not open, which gives a forger no details. */
export const NOT_AUTHENTIC =
  "the channel is cut off: a record was altered on the way, or is not the next one of this peer and session";

/** The keys of one direction. */
export interface Direction {
  key: CryptoKey;
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
export async function importDirection(bytes: Bytes): Promise<Direction> {
  const key = bytes.subarray(0, KEY_LENGTH);
  return {
    key: await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]),
    iv: bytes.slice(KEY_LENGTH, KEY_LENGTH + IV_LENGTH),
    secret: bytes.slice(KEY_LENGTH + IV_LENGTH, DIRECTION_LENGTH),
  };
}

/** HKDF (RFC 5869) with SHA-256: returns `length` bytes for the use that `info` names. */
export async function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(
    await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 8 * length),
  );
}

/** Seals the records of one direction. */
export class Sealer {
  readonly #numbering: Numbering;

  constructor(direction: Direction, options?: RecordOptions) {
    this.#numbering = new Numbering(direction, options);
  }

  /**
   * Seals `content` as the next record; returns it in two parts, its type and the rest.
   *
   * The number is assigned synchronously, so concurrent calls seal in the order of the calls. The
   * content may be overwritten once the call has returned: WebCrypto copies it first.
   */
  async seal(type: number, content: Bytes): Promise<[Bytes, Bytes]> {
    const number = this.#numbering.next();
    const keys = this.#numbering.keys;
    const isReady = !(keys instanceof Promise);
    const copy = isReady ? content : content.slice();
    const { key, iv } = isReady ? keys : await keys;
    const gcm = gcmFor(iv, number, type, content.length + RECORD_OVERHEAD);
    const ciphertext = await subtle.encrypt(gcm, key, copy);
    const head = new Uint8Array(1);
    head[0] = type;
    return [head, new Uint8Array(ciphertext)];
  }
}

/** Opens the records of one direction. */
export class Opener {
  readonly #numbering: Numbering;

  constructor(direction: Direction, options?: RecordOptions) {
    this.#numbering = new Numbering(direction, options);
  }

  /**
   * Opens the next record, which must have one of `types`; returns its type and content.
   *
   * Concurrent calls open records in the order of the calls. The record may be overwritten once the
   * call has returned.
   *
   * @throws Error, always the same, for anything that is wrong with it
   */
  async open(record: Bytes, ...types: number[]): Promise<{ type: number; content: Bytes }> {
    const [type = 0] = record;
    if (record.length < RECORD_OVERHEAD || !types.includes(type)) throw new Error(NOT_AUTHENTIC);
    const number = this.#numbering.next();
    const keys = this.#numbering.keys;
    const isReady = !(keys instanceof Promise);
    const kept = isReady ? record : record.slice();
    const ciphertext = new Ciphertext(kept.buffer, kept.byteOffset + 1, kept.length - 1);
    const { key, iv } = isReady ? keys : await keys;
    const gcm = gcmFor(iv, number, type, record.length);
    try {
      return { type, content: new Uint8Array(await subtle.decrypt(gcm, key, ciphertext)) };
    } catch {
      throw new Error(NOT_AUTHENTIC);
    }
  }
}

/** Reused memory for copies of ciphertexts. */
let scratch = new ArrayBuffer(0);

/**
 * A ciphertext with its tag, as WebCrypto expects it.
 *
 * Node cuts the tag off with `slice`, and then copies the rest: two copies, the first of which
 * cannot be freed, and with large records they keep the garbage collector busy. `slice` creates its
 * result with the constructor of the array, so here the first copy reuses the same memory each
 * time. It is not read after the call has returned.
 */
class Ciphertext extends Uint8Array<ArrayBuffer> {
  constructor(source: ArrayBuffer | number, offset?: number, length?: number) {
    if (typeof source !== "number") super(source, offset, length);
    // the tag, which is used together with the rest
    else if (source <= TAG_LENGTH) super(new ArrayBuffer(source));
    else {
      if (scratch.byteLength < source) scratch = new ArrayBuffer(source);
      super(scratch, 0, source);
    }
  }
}

/** Assigns each record of a direction its number, and the keys for it. */
class Numbering {
  /** The keys for the last number; a promise while they are derived. */
  keys: Direction | Promise<Direction>;
  readonly #rekeyAfter: number;
  #number: number;

  constructor(direction: Direction, { rekeyAfter = REKEY_AFTER, firstNumber = 0 }: RecordOptions = {}) {
    this.keys = direction;
    this.#rekeyAfter = rekeyAfter;
    this.#number = firstNumber;
  }

  next(): number {
    const number = this.#number;
    if (number >= NUMBER_LIMIT) throw new Error("the channel has run out of record numbers; connect again");
    this.#number += 1;
    if (number > 0 && number % this.#rekeyAfter === 0) this.#rekey();
    return number;
  }

  #rekey(): void {
    const next = Promise.resolve(this.keys).then(rekey);
    this.keys = next;
    next.then(
      (keys) => {
        if (this.keys === next) this.keys = keys;
      },
      // every caller that waits for the keys receives the error
      () => {},
    );
  }
}

/**
 * The AES-GCM parameters of record `number`. Written out byte by byte, because this runs twice for
 * every record.
 */
function gcmFor(iv: Bytes, number: number, type: number, length: number): AesGcmParams {
  const nonce = iv.slice();
  for (let rest = number, index = IV_LENGTH - 1; rest > 0; rest = Math.floor(rest / 256), index -= 1)
    nonce[index] = (nonce[index] ?? 0) ^ (rest % 256);
  const additionalData = new Uint8Array(5);
  additionalData[0] = length >>> 24;
  additionalData[1] = length >>> 16;
  additionalData[2] = length >>> 8;
  additionalData[3] = length;
  additionalData[4] = type;
  return { name: "AES-GCM", iv: nonce, additionalData };
}

async function rekey({ secret }: Direction): Promise<Direction> {
  const info = encodeFields([REKEY_LABEL]);
  return importDirection(await hkdf(secret, new Uint8Array(SECRET_LENGTH), info, DIRECTION_LENGTH));
}
