import { Buffer } from "node:buffer";
import { constants, createHash, generateKeyPairSync, publicEncrypt, sign } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { fromBytes, inverse, power, toBytes } from "../arithmetic/modular.ts";
import { Budget } from "../capture/budget.ts";
import { knownForms } from "../capture/known.ts";
import type { Proof } from "../capture/proof.ts";
import { noise, OTHER, TEXT, viewsIn } from "../samples/captures.ts";
import { keysIn } from "./public-keys.ts";
import { findWeakRsa } from "./weak-rsa.ts";

type Sent = Bytes | string;

// 96 bits, and no factor that divides the exponent's inverse away
const [P, Q] = [2n ** 48n - 59n, 2n ** 48n - 65n];
const N = P * Q;
const SIZE = 12;
const SHORT = TEXT.slice(0, 40);

function frame(payload: Bytes): Bytes {
  return concat([Uint8Array.of(0, 0, payload.length >> 8, payload.length & 255), payload]);
}

/** Blocks of `front` random bytes, seven of the text and `behind` random bytes. */
function encrypted(exponent: bigint, front: number, behind: number): bigint[] {
  const parts = SHORT.match(/.{1,7}/g) ?? [];
  return parts.map((part, index) => {
    const block = concat([
      Uint8Array.of(1),
      noise(`front ${index}`, front),
      encodeUtf8(part),
      noise(`behind ${index}`, behind),
    ]);
    return power(BigInt(`0x${Buffer.from(block).toString("hex")}`), exponent, N);
  });
}

function crack(client: readonly Sent[], server: readonly Sent[], text = SHORT): Proof[] {
  const views = viewsIn(client, server);
  return findWeakRsa([keysIn(views)], [views], knownForms([text]), new Budget()).proofs;
}

const blocks = (list: readonly bigint[]) => concat(list.map((value) => toBytes(value, SIZE)));
const little = (list: readonly bigint[]) => concat(list.map((value) => toBytes(value, SIZE).reverse()));

const SHAPES: [
  name: string,
  exponent: bigint,
  around: [front: number, behind: number],
  key: Sent,
  message: (list: bigint[]) => Sent,
][] = [
  ["bytes in a wide field", 65537n, [3, 0], frame(toBytes(N, 64)), (list) => frame(blocks(list))],
  ["bytes, little-endian", 65537n, [0, 3], frame(toBytes(N, 16).reverse()), (list) => frame(little(list))],
  ["a decimal number", 65537n, [1, 2], `${N}\n`, (list) => `${list.join(",")}\n`],
  [
    "a hexadecimal number",
    3n,
    [3, 0],
    `${N.toString(16)}\n`,
    (list) => list.map((c) => c.toString(16)).join(" "),
  ],
  [
    "base64",
    17n,
    [0, 3],
    `${Buffer.from(toBytes(N)).toString("base64")}\n`,
    (list) => `${Buffer.from(blocks(list)).toString("base64")}\n`,
  ],
];

for (const [name, exponent, [front, behind], key, message] of SHAPES) {
  test(`findWeakRsa solves a modulus that was sent alone, as ${name}`, () => {
    const [proof] = crack([message(encrypted(exponent, front, behind))], [key]);
    assert.ok(proof, "nothing was found");
    assert.is(proof.kind, "weak key");
    assert.ok(SHORT.startsWith(proof.recovered) && proof.recovered.length >= 35, proof.recovered);
    assert.equal(proof.rsa, { bits: 96, exponent });
    assert.match(proof.how, /leave out the first \d+ and the last \d+ bytes/);
  });
}

const SMALL = 65_521n * 65_537n;
for (const [name, key] of [
  ["e,n", `257,${SMALL}`],
  ["(e, n)", `(257, ${SMALL})`],
  ["e n", `257 ${SMALL}`],
  ["(n, e)", `(${SMALL}, 257)`],
  ["e,n in hexadecimal", `101,${SMALL.toString(16)}`],
  ["n e in hexadecimal", `${SMALL.toString(16)} 101`],
] as const)
  test(`findWeakRsa solves a key of 32 bits that was sent as ${name}`, () => {
    const list = (SHORT.match(/.{1,3}/g) ?? []).map((part) =>
      power(fromBytes(encodeUtf8(part)), 257n, SMALL),
    );
    const [proof] = crack(
      [`${list.join(" ")}\n`, "sequence 4711\n"],
      [`${key}\n`, "status 220, 17 clients\n"],
    );
    assert.is(proof?.kind, "weak key");
    assert.equal(proof?.rsa, { bits: 32, exponent: 257n });
  });

const large = generateKeyPairSync("rsa", { modulusLength: 1024 });
const PEM = String(large.publicKey.export({ type: "spki", format: "pem" }));

test("findWeakRsa opens blocks that are in a pickle, with a private key that was sent", () => {
  const block = new Uint8Array(
    publicEncrypt({ key: large.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, encodeUtf8(SHORT)),
  );
  // pickle.dumps([block], 4): EMPTY_LIST, MEMOIZE, SHORT_BINBYTES, MEMOIZE, APPEND
  const body = concat([
    Uint8Array.of(0x5d, 0x94, 0x43, block.length),
    block,
    Uint8Array.of(0x94, 0x61, 0x2e),
  ]);
  const header = Uint8Array.of(0x80, 4, 0x95, body.length, 0, 0, 0, 0, 0, 0, 0);
  const pem = String(large.privateKey.export({ type: "pkcs1", format: "pem" }));
  const [proof] = crack([concat([header, body])], [pem]);
  assert.is(proof?.kind, "key on the wire");
  assert.is(proof?.recovered, SHORT);
});

// signatures of nothing but the text
const SIGNED: [name: string, signature: (text: string) => Sent][] = [
  ["PKCS #1 v1.5", (text) => new Uint8Array(sign("sha256", encodeUtf8(text), large.privateKey))],
  [
    "PKCS #1 v1.5 with SHA-1, of the text and a line feed",
    (text) => sign("sha1", encodeUtf8(`${text}\n`), large.privateKey).toString("base64"),
  ],
  [
    "PSS",
    (text) =>
      new Uint8Array(
        sign("sha256", encodeUtf8(text), {
          key: large.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        }),
      ),
  ],
];

for (const [name, signature] of SIGNED) {
  test(`findWeakRsa confirms a text that was signed with ${name}, and no other`, () => {
    const sent = [noise("ciphertext", 128), signature(SHORT)];
    const [proof] = crack(sent, [PEM]);
    assert.is(proof?.kind, "guess confirmed");
    assert.is(proof?.recovered, SHORT);
    assert.equal(proof?.rsa, { bits: 1024, exponent: 65537n });
    assert.equal(crack(sent, [PEM], OTHER), []);
  });
}

test("findWeakRsa confirms a text whose hash was raised to the private exponent, without padding", () => {
  const [p, q] = [2n ** 127n - 1n, 2n ** 107n - 1n];
  const modulus = p * q;
  const digest = BigInt(`0x${createHash("sha256").update(SHORT).digest("hex")}`) % modulus;
  const signature = power(digest, inverse(65537n, (p - 1n) * (q - 1n)) ?? 0n, modulus);
  const [proof] = crack([frame(toBytes(signature, 30))], [frame(toBytes(modulus, 64))]);
  assert.is(proof?.kind, "guess confirmed");
  assert.equal(proof?.rsa, { bits: 234, exponent: 65537n });
});

test("findWeakRsa says nothing of a signature that covers more than the text", () => {
  const signed = concat([noise("session", 32), encodeUtf8(SHORT)]);
  assert.equal(crack([new Uint8Array(sign("sha256", signed, large.privateKey))], [PEM]), []);
});

test.run();
