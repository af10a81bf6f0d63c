/** A cheap test of thousands of keys, which passes those that may decrypt a message to text. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { fernetTokens, isFernetOf } from "./decryptions.ts";
import { rc4 } from "./stream-ciphers.ts";

/** A block that may give text: `from`, encrypted or decrypted, XOR `mask`. */
interface Block {
  from: Bytes;
  mask: Bytes;
}

const SIZE = 16;
/**
 * Bytes that are tested under stream ciphers: more than a label or a length, fewer than most texts.
 */
const START = 32;
/** The share of a message's first bytes that may be printable; of random bytes, a third is. */
const MAX_PRINTABLE = 0.8;

/** Tests keys on the same messages. */
export class Screen {
  readonly #starts: readonly Bytes[];
  /** Blocks that are encrypted to get a keystream, and blocks that are decrypted. */
  readonly #forwards: readonly Block[];
  readonly #backwards: readonly Block[];
  readonly #forwardInput: Bytes;
  readonly #backwardInput: Bytes;
  readonly #tokens: readonly Bytes[];

  /** @param nonces captured bytes apart from the messages that may be their IV or nonce */
  constructor(messages: readonly Bytes[], nonces: readonly Bytes[]) {
    this.#tokens = messages.flatMap(fernetTokens);
    // many XOR keys make nearly printable bytes printable, such as base64 after a header
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

  /**
   * Says whether `key` may open a message: a block is printable under AES, XOR or RC4, or a Fernet
   * token verifies.
   */
  mayOpen(key: Bytes): boolean {
    if (this.#starts.some((start) => isPrintable(start, (at) => key[at % key.length] ?? 0))) return true;
    if (key.length >= 5) {
      const stream = rc4(key, new Uint8Array(START));
      if (this.#starts.some((start) => isPrintable(start, (at) => stream[at] ?? 0))) return true;
    }
    if (key.length !== 16 && key.length !== 24 && key.length !== 32) return false;
    if (key.length === 32 && this.#tokens.some((token) => isFernetOf(key, token))) return true;
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

/**
 * Returns blocks for CFB, OFB, CTR and GCM with a nonce first, zero or sent apart, and a tag or
 * none.
 */
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

/** Returns blocks for ECB and CBC. */
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
