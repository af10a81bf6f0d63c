import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { fromBytes, power } from "./arithmetic/modular.ts";
import type { ProofKind } from "./capture/proof.ts";
import { otherText } from "./decode/replace-text.ts";
import { type Forgery, forge } from "./forger.ts";
import { bytewise, captured, noise, shiftLetters, TEXT } from "./samples/captures.ts";
import { eaxCounter, eaxTag } from "./symmetric/stream-ciphers.ts";

const KEY = noise("forger's key", 32);
const IV = noise("forger's iv", 16);
const OTHER = otherText(TEXT);

/** Forges the last piece of the client, after the others have passed. */
function forged(client: (Bytes | string)[], kinds: ProofKind[], server: (Bytes | string)[] = []): Forgery {
  const capture = captured(client, server);
  const last = capture.pieces.findLast(({ direction }) => direction === "client to server");
  assert.ok(last);
  const before = last.bytes.slice();
  const forgery = forge({
    capture,
    stream: last,
    length: last.bytes.length,
    text: TEXT,
    kinds,
    source: [],
    steps: 1_000_000_000,
  });
  assert.ok(forgery, "nothing was forged");
  assert.is(forgery.bytes.length, before.length);
  assert.not.equal(forgery.bytes, before);
  return forgery;
}

function hmac(key: Bytes, data: Bytes): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

test("forge makes a Fernet token whose tag is right", () => {
  const cipher = createCipheriv("aes-128-cbc", KEY.subarray(16), IV);
  const body = concat([
    Uint8Array.of(0x80, 0, 0, 0, 0, 0x65, 1, 2, 3),
    IV,
    new Uint8Array(Buffer.concat([cipher.update(TEXT), cipher.final()])),
  ]);
  const token = Buffer.concat([body, hmac(KEY.subarray(0, 16), body)]).toString("base64url");
  const padded = token.padEnd(Math.ceil(token.length / 4) * 4, "=");
  const { bytes, text } = forged([KEY, `${padded}\n`], ["key on the wire"]);
  const made = new Uint8Array(Buffer.from(Buffer.from(bytes).toString().trim(), "base64url"));
  assert.equal(made.slice(-32), hmac(KEY.subarray(0, 16), made.slice(0, -32)));
  const decipher = createDecipheriv("aes-128-cbc", KEY.subarray(16), made.subarray(9, 25));
  assert.is(`${decipher.update(made.subarray(25, -32))}${decipher.final()}`, OTHER);
  assert.is(text, OTHER);
});

test("forge replaces a tag of GCM that is a field of its own, and the hash beside the text", () => {
  const nonce = IV.slice(0, 12);
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");
  const plaintext = (text: string) => JSON.stringify({ text, hash: digest(text) });
  const cipher = createCipheriv("aes-256-gcm", KEY, nonce);
  const data = Buffer.concat([cipher.update(plaintext(TEXT)), cipher.final()]);
  const message = {
    nonce: Buffer.from(nonce).toString("base64"),
    data: data.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
  };
  const { bytes } = forged(
    [`${Buffer.from(KEY).toString("base64")}\n`, JSON.stringify(message)],
    ["key on the wire"],
  );
  const made = JSON.parse(Buffer.from(bytes).toString());
  const decipher = createDecipheriv("aes-256-gcm", KEY, nonce).setAuthTag(Buffer.from(made.tag, "base64"));
  const opened = `${decipher.update(Buffer.from(made.data, "base64"))}${decipher.final()}`;
  assert.is(opened, plaintext(OTHER));
});

test("forge makes the tag of EAX", () => {
  const data = encodeUtf8(TEXT);
  const run = (bytes: Bytes) =>
    new Uint8Array(createCipheriv("aes-256-ctr", KEY, eaxCounter(KEY, IV)).update(bytes));
  const ciphertext = run(data);
  const { bytes } = forged([KEY, concat([IV, eaxTag(KEY, IV, ciphertext), ciphertext])], ["key on the wire"]);
  assert.is(Buffer.from(run(bytes.slice(32))).toString(), OTHER);
  assert.equal(bytes.slice(16, 32), eaxTag(KEY, IV, bytes.slice(32)));
});

test("forge keeps the padding of CBC", () => {
  const cipher = createCipheriv("aes-256-cbc", KEY, IV);
  const message = Buffer.concat([IV, cipher.update(TEXT), cipher.final()]);
  const { bytes } = forged([KEY, message.toString("hex")], ["key on the wire"]);
  const made = Buffer.from(Buffer.from(bytes).toString(), "hex");
  const decipher = createDecipheriv("aes-256-cbc", KEY, made.subarray(0, 16));
  assert.is(`${decipher.update(made.subarray(16))}${decipher.final()}`, OTHER);
});

test("forge writes under XOR, and replaces the hash that is under it too", () => {
  const digest = (text: string) => createHash("md5").update(text).digest("hex");
  const run = (text: string) => bytewise(text, (byte, at) => byte ^ (KEY[at % 5] ?? 0));
  const { bytes } = forged([run(`${TEXT}|${digest(TEXT)}`)], ["toy cipher"]);
  assert.equal(bytes, run(`${OTHER}|${digest(OTHER)}`));
});

test("forge writes under a Vigenère of letters, and keeps their case", () => {
  const run = (text: string) => shiftLetters(text, (letter) => "LEMON".charCodeAt(letter % 5) - 65);
  const { bytes } = forged([run(TEXT)], ["toy cipher"]);
  assert.is(Buffer.from(bytes).toString(), run(OTHER));
});

test("forge writes under a Vigenère of letters whose key advances at every character", () => {
  const run = (text: string) => shiftLetters(text, (_, at) => "LEMON".charCodeAt(at % 5) - 65);
  const { bytes } = forged([run(TEXT)], ["toy cipher"]);
  assert.is(Buffer.from(bytes).toString(), run(OTHER));
});

test("forge rearranges the numbers of RSA letter by letter, of which it needs no key", () => {
  const encrypt = (text: string) =>
    Array.from(text, (letter) => power(BigInt(letter.charCodeAt(0)), 65537n, 3233n)).join(" ");
  const { bytes, text } = forged([encrypt(TEXT)], ["toy cipher"]);
  assert.not.equal(text, TEXT);
  assert.is(Buffer.from(bytes).toString(), encrypt(text));
});

test("forge encrypts blocks of an RSA key that can be factored", () => {
  const modulus = (2n ** 61n - 1n) * (2n ** 31n - 1n) * (2n ** 19n - 1n);
  const encrypt = (text: string) =>
    (text.match(/.{1,12}/g) ?? [])
      .map((block) => power(fromBytes(encodeUtf8(block)), 65537n, modulus))
      .map(String);
  const numbers = encrypt(TEXT);
  const { bytes, text } = forged([JSON.stringify(numbers)], ["weak key"], [`${modulus} 65537`]);
  assert.is(Buffer.from(bytes).toString(), JSON.stringify(encrypt(text)));
});

test("forge encrypts with a public key without padding", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const { n = "" } = privateKey.export({ format: "jwk" });
  const modulus = fromBytes(new Uint8Array(Buffer.from(n, "base64url")));
  const encrypt = (text: string) => String(power(fromBytes(encodeUtf8(text)), 65537n, modulus));
  const { bytes, text } = forged([encrypt(TEXT)], ["public key suffices"], [`${modulus} 65537`]);
  assert.is(Buffer.from(bytes).toString(), encrypt(text));
});

test.run();
