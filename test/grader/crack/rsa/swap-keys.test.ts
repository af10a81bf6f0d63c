import { Buffer } from "node:buffer";
import { constants, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { fromBytes, power, toBytes } from "../arithmetic/modular.ts";
import { noise, TEXT } from "../samples/captures.ts";
import { FORMS, keysIn, N, PRIVATE_PEM, SPKI, SPKI_PEM } from "../samples/public-keys.ts";
import { keyLike, type PrivateNumbers } from "./own-keys.ts";
import { rewrap, swapKeys } from "./swap-keys.ts";

for (const [name, sent, form] of FORMS) {
  test(`swapKeys replaces a key as ${name}`, () => {
    const bytes = typeof sent === "string" ? encodeUtf8(sent) : sent;
    const before = new Uint8Array(bytes);
    const { bytes: changed, swapped } = swapKeys(bytes);
    assert.equal(bytes, before);
    assert.is(changed.length, bytes.length);
    const [key] = keysIn([changed]);
    assert.ok(key && "modulus" in key);
    assert.is(key.modulus, swapped[0]?.numbers?.modulus);
    assert.is.not(key.modulus, N);
    assert.match(key.form, form);
    assert.is(swapKeys(changed, swapped).swapped.length, 0);
  });
}

test("swapKeys gives a PEM that others read", () => {
  const { bytes, swapped } = swapKeys(encodeUtf8(`hello\n${SPKI_PEM}bye`));
  const pem = Buffer.from(bytes).toString().slice(6, -3);
  const { n = "" } = createPublicKey(pem).export({ format: "jwk" });
  assert.is(fromBytes(Buffer.from(n, "base64url")), swapped[0]?.numbers?.modulus);
});

test("swapKeys gives the same key the same substitute", () => {
  const first = swapKeys(SPKI);
  const again = swapKeys(SPKI, first.swapped);
  assert.equal(again.bytes, first.bytes);
});

for (const namedCurve of ["P-256", "P-384"]) {
  test(`swapKeys replaces a key of ${namedCurve}`, () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve });
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    const { bytes } = swapKeys(spki);
    assert.not.equal(bytes, spki);
    createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });
  });
}

const OURS = keyLike({ modulus: N, exponent: 65537n });

for (const [name, options] of [
  ["OAEP, SHA-1", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }],
  ["OAEP, SHA-256", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }],
  ["PKCS #1 v1.5", { padding: constants.RSA_PKCS1_PADDING }],
] as const) {
  test(`rewrap opens ${name} and seals it for the other key`, () => {
    const secret = noise("secret", 32);
    const block = publicEncrypt({ key: publicKeyOf(OURS), ...options }, secret);
    const sent = encodeUtf8(JSON.stringify({ key: block.toString("base64"), other: "x" }));
    const { bytes, rewrapped } = rewrap(sent, OURS, { modulus: N, exponent: 65537n });
    assert.is(rewrapped.length, 1);
    assert.equal(rewrapped[0]?.plaintext, secret);
    assert.is(rewrapped[0]?.padding, name);
    const { key } = JSON.parse(Buffer.from(bytes).toString());
    if (name !== "PKCS #1 v1.5")
      assert.equal(
        new Uint8Array(privateDecrypt({ key: PRIVATE_PEM, ...options }, Buffer.from(key, "base64"))),
        secret,
      );
  });
}

test("rewrap opens letters that were encrypted one by one", () => {
  const theirs = { modulus: 3233n, exponent: 17n };
  const ours = keyLike(theirs);
  const letters = Array.from(TEXT, (c) => power(BigInt(c.charCodeAt(0)), ours.exponent, ours.modulus));
  const sent = letters.map((letter) => String(letter).padStart(4, "0")).join(" ");
  const { bytes } = rewrap(encodeUtf8(sent), ours, theirs);
  const opened = Buffer.from(bytes)
    .toString()
    .split(" ")
    .map((digits) => power(BigInt(digits), 2753n, 3233n));
  assert.is(String.fromCharCode(...opened.map(Number)), TEXT);
});

function publicKeyOf({ modulus, exponent }: PrivateNumbers) {
  const [n, e] = [modulus, exponent].map((value) => Buffer.from(toBytes(value)).toString("base64url"));
  return createPublicKey({ key: { kty: "RSA", n: n ?? "", e: e ?? "" }, format: "jwk" });
}

test.run();
