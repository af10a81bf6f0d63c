/** A quick look at thousands of keys: only those under which something may be a text are worth a closer one. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { fernetOpens } from "./decryptions.ts";
import { rc4 } from "./stream-ciphers.ts";

/** The block `from` of a message, which is text once `mask` is taken off. */
interface Block {
  from: Bytes;
  mask: Bytes;
}

const SIZE = 16;
/** Bytes of a message that are looked at under ciphers without blocks: more than a label or a length has, less than most texts. */
const START = 32;
/** The share of a start that may be printable as it is; of random bytes a third is. */
const MAX_PRINTABLE = 0.8;

/** Knows which blocks of some messages to look at. */
export class Screen {
  readonly #starts: readonly Bytes[];
  /** What is encrypted to get a keystream, and what is decrypted. */
  readonly #forwards: readonly Block[];
  readonly #backwards: readonly Block[];
  readonly #forwardInput: Bytes;
  readonly #backwardInput: Bytes;
  readonly #messages: readonly Bytes[];

  /** @param nonces what passed apart from the messages and may be their IV or nonce */
  constructor(messages: readonly Bytes[], nonces: readonly Bytes[]) {
    this.#messages = messages;
    // what is nearly printable as it is, such as base64 behind a header, becomes so under many keys of XOR
    this.#starts = messages
      .filter(({ length }) => length >= START)
      .map((message) => message.slice(0, START))
      .filter(
        (start) => start.filter((byte) => byte >= 0x20 && byte <= 0x7e).length < MAX_PRINTABLE * start.length,
      );
    this.#forwards = messages.flatMap((message) => keystreams(message, nonces)).filter(isWhole);
    this.#backwards = messages.flatMap((message) => decrypted(message, nonces)).filter(isWhole);
    this.#forwardInput = concat(this.#forwards.map(({ from }) => from));
    this.#backwardInput = concat(this.#backwards.map(({ from }) => from));
  }

  /** Says whether `key` may open one of them: some block is printable under AES, XOR or RC4, or a Fernet token is its own. */
  mayOpen(key: Bytes): boolean {
    if (this.#starts.some((start) => isPrintable(start, (at) => key[at % key.length] ?? 0))) return true;
    if (key.length >= 5) {
      const stream = rc4(key, new Uint8Array(START));
      if (this.#starts.some((start) => isPrintable(start, (at) => stream[at] ?? 0))) return true;
    }
    if (key.length !== 16 && key.length !== 24 && key.length !== 32) return false;
    if (key.length === 32 && this.#messages.some((message) => fernetOpens(key, message))) return true;
    const name = `aes-${8 * key.length}-ecb`;
    const forwards = createCipheriv(name, key, null).setAutoPadding(false).update(this.#forwardInput);
    if (this.#forwards.some(({ mask }, index) => isPrintable(mask, (at) => forwards[SIZE * index + at] ?? 0)))
      return true;
    const backwards = createDecipheriv(name, key, null).setAutoPadding(false).update(this.#backwardInput);
    return this.#backwards.some(({ mask }, index) =>
      isPrintable(mask, (at) => backwards[SIZE * index + at] ?? 0),
    );
  }
}

function isWhole({ from, mask }: Block): boolean {
  return from.length === SIZE && mask.length === SIZE;
}

function isPrintable(bytes: Bytes, mask: (at: number) => number): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = (bytes[at] ?? 0) ^ mask(at);
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return bytes.length > 0;
}

/** CFB, OFB, CTR and GCM, their nonce in front, zero or sent apart; a tag in front or not. */
function keystreams(message: Bytes, nonces: readonly Bytes[]): Block[] {
  const block = (at: number) => message.slice(at, at + SIZE);
  const counter = (nonce: Bytes, count: number) => {
    const bytes = new Uint8Array(SIZE);
    bytes.set(nonce);
    bytes[SIZE - 1] = (bytes[SIZE - 1] ?? 0) | count;
    return bytes;
  };
  return [
    { from: block(0), mask: block(16) },
    { from: block(0), mask: block(32) },
    { from: block(16), mask: block(32) },
    { from: new Uint8Array(SIZE), mask: block(0) },
    { from: counter(message.slice(0, 12), 2), mask: block(12) },
    { from: counter(message.slice(0, 12), 2), mask: block(28) },
    { from: counter(message.slice(0, 12), 0), mask: block(12) },
    { from: counter(message.slice(0, 8), 0), mask: block(8) },
    ...nonces.flatMap((nonce) =>
      [0, 16].map((at) => ({ from: counter(nonce, nonce.length === 12 ? 2 : 0), mask: block(at) })),
    ),
  ];
}

/** ECB and CBC. */
function decrypted(message: Bytes, nonces: readonly Bytes[]): Block[] {
  const block = (at: number) => message.slice(at, at + SIZE);
  return [
    { from: block(0), mask: new Uint8Array(SIZE) },
    { from: block(16), mask: new Uint8Array(SIZE) },
    { from: block(16), mask: block(0) },
    { from: block(32), mask: block(16) },
    ...nonces.filter((nonce) => nonce.length === SIZE).map((nonce) => ({ from: block(0), mask: nonce })),
  ];
}
