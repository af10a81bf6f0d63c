import { Buffer } from "node:buffer";
import { createCipheriv, generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { noise, viewsIn } from "../samples/captures.ts";
import { findEqualBlocks, repeatedText } from "./equal-blocks.ts";

const PEM = String(
  generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" }),
);

const TEXT = `From: me, Client: ${repeatedText(noise("repeat", 16))}`;
const PADDED = `${"=-padding-=".repeat(60)}\n`;

function encrypted(algorithm: string, key: Bytes, iv: Bytes | null, text = TEXT) {
  const cipher = createCipheriv(algorithm, key, iv);
  return Buffer.concat([encodeUtf8("From: me, "), cipher.update(text), cipher.final()]);
}

/** Returns a home-made cipher: each block of `width` bytes becomes one that only depends on it. */
function homemade(width: number, encode: (block: Bytes) => string): string {
  const blocks = TEXT.match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  return blocks.map((block) => encode(noise(`key ${block}`, width))).join("");
}

const letters = (block: Bytes) => Array.from(block, (byte) => String.fromCharCode(97 + (byte % 26))).join("");
const wide = (block: Bytes) => String.fromCodePoint(...Array.from(block, (byte) => 0x400 + byte));

function blocksIn(sent: Bytes | string) {
  const views = viewsIn([sent]);
  const foreign = new Uint8Array(
    encrypted("aes-256-ecb", noise("other", 32), null, noise("t", 300).toString()),
  );
  const others = viewsIn([PEM, PADDED, "0123".repeat(700), foreign]);
  return findEqualBlocks(views, others, new Budget());
}

for (const [name, sent] of [
  ["AES-ECB", new Uint8Array(encrypted("aes-256-ecb", noise("k", 32), null))],
  ["AES-ECB in base64", encrypted("aes-256-ecb", noise("k", 32), null).toString("base64")],
  ["triple DES-ECB in hexadecimal", encrypted("des-ede3-ecb", noise("k", 24), null).toString("hex")],
  ["blocks of 8 bytes as letters", homemade(8, letters)],
  ["blocks of 8 bytes, each in base64", homemade(8, (block) => Buffer.from(block).toString("base64"))],
  [
    "blocks of 8 bytes, each in hexadecimal and a line",
    homemade(8, (block) => `${Buffer.from(block).toString("hex")}\n`),
  ],
  ["blocks of 8 characters in UTF-8", homemade(8, wide)],
  ["blocks of 12 bytes", homemade(12, letters)],
  ["blocks of 5 bytes", homemade(5, letters)],
  ["blocks of 32 bytes in hexadecimal", homemade(32, (block) => Buffer.from(block).toString("hex"))],
] as const)
  test(`findEqualBlocks finds ${name}`, () => {
    assert.is(blocksIn(sent)[0]?.kind, "equal blocks");
  });

test("findEqualBlocks finds nothing in CBC, GCM, padding, keys or base64", () => {
  for (const sent of [
    new Uint8Array(encrypted("aes-256-cbc", noise("k", 32), noise("iv", 16))),
    new Uint8Array(encrypted("aes-256-gcm", noise("k", 32), noise("iv", 12))),
    encrypted("aes-256-cbc", noise("k", 32), noise("iv", 16)).toString("base64"),
    " ".repeat(4000),
    "0123".repeat(900),
    PADDED.repeat(8),
    PEM.repeat(4),
    concat([noise("point", 256), noise("point", 256)]),
    "",
  ])
    assert.equal(blocksIn(sent), []);
});

test.run();
