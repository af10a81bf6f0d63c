/**
 * Opens a whole message with a key that was recovered, and seals another plaintext in the same way:
 * the same cipher, the same layout, the same nonce.
 */
import { Buffer } from "node:buffer";
import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createHmac,
  timingSafeEqual,
} from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import { latin1 } from "../capture/view.ts";
import { eaxCounter, eaxTag, masked, rc4 } from "./stream-ciphers.ts";

/** A message that was opened. */
export interface Unsealed {
  /** With its padding, if the mode has one. */
  plaintext: Bytes;
  /**
   * Seals `plaintext`, which is as long. Returns the captured fields with what each becomes: the
   * message, its tag, and its nonce, which stays.
   */
  seal(plaintext: Bytes): Map<Bytes, Bytes>;
}

interface Layout {
  nonce: Bytes;
  /** The nonce is a field of its own. */
  isApart?: true;
  body: Bytes;
  /** Puts another body into the message. */
  rebuild(body: Bytes): Bytes;
}

const TAG = 16;
const MAC = 32;
const FERNET_HEADER = 25;

/**
 * Yields each way to read `data` as a message under `key`. Without a tag, any key opens anything:
 * the caller recognises the plaintext.
 *
 * @param fields captured with the message: its nonce and its tag may be among them
 */
export function* unseal(key: Bytes, data: Bytes, fields: readonly Bytes[]): Generator<Unsealed> {
  if (key.length === 32) yield* fernet(key, data);
  const isAes = [16, 24, 32].includes(key.length);
  if (isAes) yield* authenticated(`aes-${8 * key.length}-gcm`, key, data, fields, [12, 16]);
  if (key.length === 32) yield* authenticated("chacha20-poly1305", key, data, fields, [12]);
  if (isAes) yield* eax(key, data, fields);
  const name = isAes ? `aes-${8 * key.length}` : "des-ede3";
  const own = isAes ? key : tripled(key);
  if (own) {
    const size = isAes ? 16 : 8;
    for (const mode of ["cbc", "cfb", ...(isAes ? ["ofb", "ctr", "cfb8"] : [])])
      for (const layout of [...layouts(data, fields, [size]), ...withoutNonce(data, key, size)])
        yield* plain(layout, data, `${name}-${mode}`, own, mode === "cbc" ? size : 1);
    yield* plain(whole(data), data, `${name}-ecb`, own, size);
  }
  const { body } = whole(data);
  const streams = [rc4(key, new Uint8Array(body.length)), body.map((_, at) => key[at % key.length] ?? 0)];
  for (const stream of key.length > 0 ? streams : [])
    yield { plaintext: masked(body, stream), seal: (other) => new Map([[data, masked(other, stream)]]) };
}

/** Version, time, IV, AES-128-CBC and HMAC (github.com/fernet/spec), in base64 or not. */
function* fernet(key: Bytes, data: Bytes): Generator<Unsealed> {
  const text = latin1(data);
  const found = /gAAAA[A-Za-z0-9_-]{90,}={0,2}/.exec(text);
  const token = found ? asBytes(Buffer.from(found[0], "base64url")) : data;
  const body = token.subarray(0, -MAC);
  const mac = (bytes: Bytes) => asBytes(createHmac("sha256", key.subarray(0, 16)).update(bytes).digest());
  if (token.length < FERNET_HEADER + 16 + MAC || !timingSafeEqual(mac(body), token.subarray(-MAC))) return;
  const header = body.subarray(0, FERNET_HEADER);
  const run = (make: typeof createDecipheriv | typeof createCipheriv, bytes: Bytes) =>
    asBytes(make("aes-128-cbc", key.subarray(16), header.subarray(9)).setAutoPadding(false).update(bytes));
  yield {
    plaintext: run(createDecipheriv, body.subarray(FERNET_HEADER)),
    seal(other) {
      const sealed = concat([header, run(createCipheriv, other)]);
      const made = concat([sealed, mac(sealed)]);
      if (!found) return new Map([[data, made]]);
      const spelled = Buffer.from(made).toString("base64url").padEnd(found[0].length, "=");
      const changed = text.slice(0, found.index) + spelled + text.slice(found.index + spelled.length);
      return new Map([[data, asBytes(Buffer.from(changed, "latin1"))]]);
    },
  };
}

/** GCM and ChaCha20-Poly1305, with the tag behind, in front, or in a field of its own. */
function* authenticated(
  algorithm: string,
  key: Bytes,
  data: Bytes,
  fields: readonly Bytes[],
  lengths: readonly number[],
): Generator<Unsealed> {
  const options = { authTagLength: TAG };
  for (const { layout, tag, place } of tagged(data, fields, lengths)) {
    const { nonce, body } = layout;
    const decipher = createDecipheriv(algorithm as CipherGCMTypes, key, nonce, options).setAuthTag(tag);
    const plaintext = asBytes(decipher.update(body));
    try {
      decipher.final();
    } catch {
      continue;
    }
    yield {
      plaintext,
      seal(other) {
        const cipher = createCipheriv(algorithm as CipherGCMTypes, key, nonce, options);
        const sealed = asBytes(Buffer.concat([cipher.update(other), cipher.final()]));
        return place(sealed, asBytes(cipher.getAuthTag()));
      },
    };
  }
}

function* eax(key: Bytes, data: Bytes, fields: readonly Bytes[]): Generator<Unsealed> {
  for (const { layout, tag, place } of tagged(data, fields, [16])) {
    const { nonce, body } = layout;
    if (!timingSafeEqual(eaxTag(key, nonce, body), tag)) continue;
    const crypt = (bytes: Bytes) =>
      asBytes(createCipheriv(`aes-${8 * key.length}-ctr`, key, eaxCounter(key, nonce)).update(bytes));
    yield {
      plaintext: crypt(body),
      seal: (other) => place(crypt(other), eaxTag(key, nonce, crypt(other))),
    };
  }
}

interface Tagged {
  layout: Layout;
  tag: Bytes;
  place(body: Bytes, tag: Bytes): Map<Bytes, Bytes>;
}

function* tagged(data: Bytes, fields: readonly Bytes[], lengths: readonly number[]): Generator<Tagged> {
  for (const layout of layouts(data, fields, lengths)) {
    const { nonce, body: rest, rebuild } = layout;
    if (rest.length > TAG) {
      yield {
        layout: { ...layout, body: rest.subarray(0, -TAG) },
        tag: rest.subarray(-TAG),
        place: (body, tag) => new Map([...nonceOf(layout), [data, rebuild(concat([body, tag]))]]),
      };
      yield {
        layout: { ...layout, body: rest.subarray(TAG) },
        tag: rest.subarray(0, TAG),
        place: (body, tag) => new Map([...nonceOf(layout), [data, rebuild(concat([tag, body]))]]),
      };
    }
    for (const tag of fields.filter(({ length }) => length === TAG)) {
      if (tag === nonce || tag === data) continue;
      yield {
        layout,
        tag,
        place: (body, changed) => new Map([...nonceOf(layout), [data, rebuild(body)], [tag, changed]]),
      };
    }
  }
}

function nonceOf({ nonce, isApart }: Layout): [Bytes, Bytes][] {
  return isApart ? [[nonce, nonce]] : [];
}

/** Yields the places of the nonce: in front of the message, or in a field of its own. */
function* layouts(data: Bytes, fields: readonly Bytes[], lengths: readonly number[]): Generator<Layout> {
  for (const length of lengths) {
    const nonce = data.slice(0, length);
    if (data.length > length)
      yield { nonce, body: data.subarray(length), rebuild: (body) => concat([nonce, body]) };
    for (const field of fields)
      if (field.length === length && field !== data) yield { ...whole(data), nonce: field, isApart: true };
  }
}

/** An IV that is zero, or the beginning of the key. */
function withoutNonce(data: Bytes, key: Bytes, size: number): Layout[] {
  return [new Uint8Array(size), key.subarray(0, size)].map((nonce) => ({ ...whole(data), nonce }));
}

function whole(data: Bytes): Layout {
  return { nonce: new Uint8Array(), body: data, rebuild: (body) => body };
}

/** A mode without a tag: all blocks, so that padding stays as it is. */
function* plain(
  layout: Layout,
  data: Bytes,
  algorithm: string,
  key: Bytes,
  size: number,
): Generator<Unsealed> {
  const { nonce, body, rebuild } = layout;
  if (body.length === 0 || body.length % size !== 0) return;
  const iv = algorithm.endsWith("-ecb") ? null : nonce;
  const run = (make: typeof createDecipheriv | typeof createCipheriv, bytes: Bytes) =>
    asBytes(make(algorithm, key, iv).setAutoPadding(false).update(bytes));
  yield {
    plaintext: run(createDecipheriv, body),
    seal: (other) => new Map([...nonceOf(layout), [data, rebuild(run(createCipheriv, other))]]),
  };
}

function tripled(key: Bytes): Bytes | undefined {
  if (key.length === 8) return concat([key, key, key]);
  if (key.length === 16) return concat([key, key.subarray(0, 8)]);
  return key.length === 24 ? key : undefined;
}
