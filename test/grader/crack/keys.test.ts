import { Buffer } from "node:buffer";
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
} from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Budget } from "./capture/budget.ts";
import { streamsOf } from "./capture/capture.ts";
import { fromBytes, power, toBytes } from "./capture/modular.ts";
import { viewsOf } from "./decode/decodings.ts";
import { type FoundKey, findKeys, findPrivateKeys } from "./keys/find-keys.ts";
import { keyLike, type PrivateNumbers } from "./rsa/own-keys.ts";
import { rewrap, swapKeys } from "./rsa/swap-keys.ts";
import { captured, noise, TEXT } from "./samples/captures.ts";
import { Screen } from "./symmetric/screen.ts";
import { rc4 } from "./symmetric/stream-ciphers.ts";

const BITS = 1024;
// half of what is common, so that the attacker's own keys are made in no time
const { privateKey, publicKey: PUBLIC } = generateKeyPairSync("rsa", { modulusLength: BITS });
const PRIVATE_PEM = String(privateKey.export({ type: "pkcs8", format: "pem" }));
const JWK = PUBLIC.export({ format: "jwk" });
const N = fromBytes(Buffer.from(JWK.n ?? "", "base64url"));
const SPKI = new Uint8Array(PUBLIC.export({ type: "spki", format: "der" }));
const PKCS1 = new Uint8Array(PUBLIC.export({ type: "pkcs1", format: "der" }));
const SPKI_PEM = String(PUBLIC.export({ type: "spki", format: "pem" }));
const PKCS1_PEM = String(PUBLIC.export({ type: "pkcs1", format: "pem" }));

/** `pickle.dumps((n, 65537))` of Python, protocol 4: LONG1 for the modulus, BININT for the exponent. */
function pickled(modulus: bigint): Bytes {
  const digits = concat([Uint8Array.of(0), toBytes(modulus)]).reverse();
  const long = concat([Uint8Array.of(0x8a, digits.length), digits]);
  const body = concat([long, Uint8Array.of(0x4a, 1, 0, 1, 0, 0x86, 0x94, 0x2e)]);
  const frame = new Uint8Array(new BigUint64Array([BigInt(body.length)]).buffer);
  return concat([Uint8Array.of(0x80, 4, 0x95), frame, body]);
}

function ssh(): string {
  const string = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const e = Buffer.of(1, 0, 1);
  const n = Buffer.concat([Buffer.of(0), toBytes(N)]);
  return `ssh-rsa ${Buffer.concat([string(Buffer.from("ssh-rsa")), string(e), string(n)]).toString("base64")} me@here`;
}

const FORMS: [name: string, sent: Bytes | string, form: RegExp][] = [
  ["PEM, SPKI", SPKI_PEM, /^PEM "PUBLIC KEY"$/],
  ["PEM, PKCS #1", PKCS1_PEM, /^PEM "RSA PUBLIC KEY"$/],
  ["DER, SPKI", SPKI, /^DER, SubjectPublicKeyInfo$/],
  ["DER, PKCS #1", PKCS1, /^DER, PKCS #1$/],
  ["base64 of DER", Buffer.from(SPKI).toString("base64"), /SubjectPublicKeyInfo in base64$/],
  ["base64url of PEM", Buffer.from(SPKI_PEM).toString("base64url"), /in base64/],
  ["hexadecimal of DER", Buffer.from(SPKI).toString("hex"), /SubjectPublicKeyInfo in hexadecimal$/],
  ["PEM in JSON", JSON.stringify({ type: "key", key: SPKI_PEM }), /^PEM "PUBLIC KEY"/],
  ["JWK", JSON.stringify({ kty: "RSA", n: JWK.n, e: JWK.e }), /^JWK$/],
  [
    "XML",
    `<RSAKeyValue><Modulus>${Buffer.from(toBytes(N)).toString("base64")}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>`,
    /^XML$/,
  ],
  ["OpenSSH", ssh(), /OpenSSH/],
  ["a tuple", `(${N}, 65537)`, /^decimal numbers/],
  ["JSON", JSON.stringify({ e: 65537, n: String(N) }), /^decimal numbers/],
  ["two lines", `65537\n${N}\n`, /^decimal numbers/],
  ["hexadecimal numbers", `n=0x${N.toString(16)} e=0x10001`, /^hexadecimal numbers/],
  ["a pickle", pickled(N), /^little-endian numbers/],
  ["bytes", concat([toBytes(N), Uint8Array.of(1, 0, 1)]), /^bytes of the modulus/],
];

for (const [name, sent, form] of FORMS) {
  test(`findKeys finds a key as ${name}`, () => {
    const keys = keysIn([sent], [noise(1, 300)]);
    assert.is(keys.length, 1);
    const [key] = keys;
    assert.ok(key && "modulus" in key);
    assert.is(key.modulus, N);
    assert.is(key.exponent, 65537n);
    assert.is(key.bits, BITS);
    assert.is(key.side, "client");
    assert.match(key.form, form);
  });

  test(`swapKeys puts another key in the place of ${name}`, () => {
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
  test(`findKeys and swapKeys know a key of ${namedCurve}`, () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve });
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    const [key] = keysIn([spki]);
    assert.is(key?.algorithm, `EC ${namedCurve}`);
    const { bytes } = swapKeys(spki);
    assert.not.equal(bytes, spki);
    createPublicKey({ key: Buffer.from(bytes), format: "der", type: "spki" });
  });
}

test("findKeys finds no key where there is none", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = noise(seed, 4096);
    const parts = [random, Buffer.from(random).toString("base64"), JSON.stringify([...random])];
    assert.equal(keysIn(parts), []);
  }
});

test("findKeys takes no parameters of Diffie–Hellman for a key", () => {
  const prime = String(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn);
  assert.equal(keysIn([`(${prime}, 5)`]), []);
});

test("findKeys says of two small numbers only that they may be a key", () => {
  assert.equal(keysIn(["(3233, 17)"]), []);
  const [key] = keysIn(["(3233, 17)"], [], true);
  assert.ok(key && "modulus" in key && !key.certain);
});

for (const [name, sent] of [
  ["PKCS #8", PRIVATE_PEM],
  ["base64", Buffer.from(PRIVATE_PEM).toString("base64")],
]) {
  test(`findPrivateKeys finds a key in ${name}`, () => {
    const keys = findPrivateKeys(viewsIn(["a", sent ?? ""]));
    assert.is(keys.length, 1);
    assert.is(keys[0]?.numbers?.modulus, N);
    assert.is(keys[0]?.encrypted, false);
  });
}

test("findPrivateKeys finds none in a public key, or in noise", () => {
  assert.equal(findPrivateKeys(viewsIn([SPKI_PEM, noise(1, 10_000)])), []);
});

const OURS = keyLike({ modulus: N, exponent: 65537n });

for (const [name, options] of [
  ["OAEP, SHA-1", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }],
  ["OAEP, SHA-256", { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }],
  ["PKCS #1 v1.5", { padding: constants.RSA_PKCS1_PADDING }],
] as const) {
  test(`rewrap opens ${name} and seals it for the other`, () => {
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

function viewsIn(client: readonly (Bytes | string)[], server: readonly (Bytes | string)[] = []) {
  return streamsOf(captured(client, server)).flatMap((stream) => viewsOf(stream, new Budget()));
}

function keysIn(
  client: readonly (Bytes | string)[],
  server: readonly (Bytes | string)[] = [],
  uncertain = false,
): FoundKey[] {
  return findKeys(viewsIn(client, server), { uncertain });
}

test("Screen takes no label in front of noise for a text, whatever the key, and sees one under XOR, RC4 and AES", () => {
  const capitals = encodeUtf8("MESSAGELIMITSIZE");
  const frame = concat([Uint8Array.of(0, 0, 0, 12), encodeUtf8("sml/part2/v1"), noise("frame", 60)]);
  const text = encodeUtf8(TEXT);
  assert.is(new Screen([frame], []).mayOpen(capitals), false);
  const key = noise("key", 16);
  for (const sealed of [
    text.map((byte, at) => byte ^ (key[at % key.length] ?? 0)),
    rc4(key, text),
    createCipheriv("aes-128-ecb", key, null).update(text),
  ])
    assert.is(new Screen([frame, new Uint8Array(sealed)], []).mayOpen(key), true);
});

test.run();
