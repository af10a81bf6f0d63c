import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../../lib/bytes/fields.ts";
import { NOT_AUTHENTIC, sign, verify } from "../../../lib/crypto/signature.ts";
import {
  type Binding,
  decryptBlocks,
  encryptBlocks,
  MESSAGE_LIMIT,
  signText,
  TEXT_LIMIT,
  verifyText,
} from "../../../lib/messages/rsa-message.ts";
import { flipped } from "../../support/bits.ts";
import { loadKeys } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";

const client = await loadKeys("rsa-2048-a");
const server = await loadKeys("rsa-2048-b");
const mallory = await loadKeys("rsa-2048-c");
const SESSION = new Uint8Array(32).fill(0x11);
const OTHER_SESSION = new Uint8Array(32).fill(0x12);
const TO_SERVER: Binding = { direction: "client to server", session: SESSION };
const TO_CLIENT: Binding = { direction: "server to client", session: SESSION };

const signedText = await signText("hello", client, TO_SERVER);
const message = await encryptBlocks(signedText, server);

test("decryptBlocks and verifyText undo signText and encryptBlocks", async () => {
  assert.is(await verifyText(await decryptBlocks(message, server), client, TO_SERVER), "hello");
});

test("any text comes back as it was", async () => {
  for (const text of ["", "\0", "a\r\nb\n", "👨‍👩‍👧‍👦 \u202e\u001b[2J", "\ufeffa", "x".repeat(1000)]) {
    const sent = await encryptBlocks(await signText(text, client, TO_SERVER), server);
    assert.is(await verifyText(await decryptBlocks(sent, server), client, TO_SERVER), text);
  }
});

test("keys of all lengths work with each other, as sender and as receiver", async () => {
  for (const name of ["rsa-2052", "rsa-3072", "rsa-4096"] as const) {
    const other = await loadKeys(name);
    for (const [from, to] of [
      [client, other],
      [other, client],
    ] as const) {
      const sent = await encryptBlocks(await signText("hello".repeat(99), from, TO_SERVER), to);
      assert.is(sent.length % to.modulusLength, 0);
      assert.is(await verifyText(await decryptBlocks(sent, to), from, TO_SERVER), "hello".repeat(99));
    }
  }
});

test("signText signs label, direction, session and text, and lays signature and text out as fields", async () => {
  const [signature, plaintext] = decodeFields(signedText, 2);
  assert.is(toHex(plaintext), toHex(encodeUtf8("hello")));
  await verify(client, signature, ["sml/part1/v1/message", "client to server", SESSION, plaintext]);
});

test("encryptBlocks fills blocks of 190 bytes, each a block of 256", async () => {
  for (const [length, blocks] of [
    [1, 1],
    [190, 1],
    [191, 2],
    [380, 2],
    [381, 3],
  ] as const) {
    assert.is((await encryptBlocks(new Uint8Array(length), server)).length, blocks * 256, `${length} bytes`);
  }
});

test("encryptBlocks looks random: the same text never gives the same block, and no part of it shows", async () => {
  const again = await encryptBlocks(signedText, server);
  assert.is(again.length, message.length);
  for (let offset = 0; offset < message.length; offset += 256) {
    assert.is.not(toHex(again.subarray(offset, offset + 256)), toHex(message.subarray(offset, offset + 256)));
  }
  const text = "attack at dawn".repeat(50);
  const sent = await encryptBlocks(await signText(text, client, TO_SERVER), server);
  assert.not(Buffer.from(sent).includes("attack"));
  // equal blocks of plaintext, as in ECB
  const blocks = await encryptBlocks(new Uint8Array(190 * 4), server);
  assert.is(
    new Set([0, 256, 512, 768].map((offset) => toHex(blocks.subarray(offset, offset + 256)))).size,
    4,
  );
});

test("the signature is inside the encryption, where no eavesdropper can check guesses with it", async () => {
  const [signature] = decodeFields(signedText, 2);
  assert.not(Buffer.from(message).includes(Buffer.from(signature.subarray(0, 16))));
  assert.is(message.length, 512);
});

test("a text of the limit passes the message limit with every pair of keys", () => {
  for (const signature of [256, 257, 384, 512]) {
    for (const block of [256, 257, 384, 512]) {
      const blocks = Math.ceil((8 + signature + TEXT_LIMIT) / (block - 66));
      assert.ok(blocks * block <= MESSAGE_LIMIT, `signature ${signature}, block ${block}`);
    }
  }
  assert.is(TEXT_LIMIT, 16_384);
});

test("the longest text comes back from the longest message", async () => {
  const rsa4096 = await loadKeys("rsa-4096");
  const text = "é".repeat(TEXT_LIMIT / 2);
  const sent = await encryptBlocks(await signText(text, rsa4096, TO_SERVER), server);
  assert.ok(sent.length <= MESSAGE_LIMIT);
  assert.ok((await verifyText(await decryptBlocks(sent, server), rsa4096, TO_SERVER)) === text);
});

test("decryptBlocks refuses a message for another key", async () => {
  await rejects(decryptBlocks(message, mallory), NOT_AUTHENTIC);
  await rejects(decryptBlocks(message, await loadKeys("rsa-4096")), NOT_AUTHENTIC);
});

test("decryptBlocks refuses a message whose length is no whole number of blocks", async () => {
  for (const length of [1, 190, 255, 257, 511]) {
    await rejects(decryptBlocks(message.slice(0, length), server), NOT_AUTHENTIC);
  }
  await rejects(decryptBlocks(concat([message, new Uint8Array(1)]), server), NOT_AUTHENTIC);
});

test("decryptBlocks refuses blocks of zeros, of ones and of the modulus itself", async () => {
  const modulus = server.spki.slice(33, 33 + 256);
  for (const block of [new Uint8Array(256), new Uint8Array(256).fill(0xff), modulus]) {
    await rejects(decryptBlocks(block, server), NOT_AUTHENTIC);
    await rejects(decryptBlocks(concat([message.subarray(0, 256), block]), server), NOT_AUTHENTIC);
  }
});

test("decryptBlocks refuses blocks under another OAEP label, such as part 2's", async () => {
  const oaep = { name: "RSA-OAEP", label: new Uint8Array(32) };
  const labelled = new Uint8Array(await crypto.subtle.encrypt(oaep, await nativeKey(), new Uint8Array(32)));
  await rejects(decryptBlocks(labelled, server), NOT_AUTHENTIC);
});

const REARRANGED: [string, () => Bytes][] = [
  ["nothing at all", () => new Uint8Array(0)],
  ["the first block alone", () => message.subarray(0, 256)],
  ["the last block alone", () => message.subarray(256)],
  ["the blocks in another order", () => concat([message.subarray(256), message.subarray(0, 256)])],
  ["a block twice", () => concat([message, message.subarray(256)])],
  ["the message twice", () => concat([message, message])],
];
for (const [what, make] of REARRANGED) {
  test(`decryptBlocks and verifyText refuse ${what}`, async () => {
    await rejects(
      decryptBlocks(make(), server).then((text) => verifyText(text, client, TO_SERVER)),
      NOT_AUTHENTIC,
    );
  });
}

test("verifyText refuses a block that an attacker appended with the public key", async () => {
  const more = await encryptBlocks(encodeUtf8(" and goodbye"), server);
  const decrypted = await decryptBlocks(concat([message, more]), server);
  await rejects(verifyText(decrypted, client, TO_SERVER), NOT_AUTHENTIC);
});

test("verifyText refuses a text with any single bit flipped after the signature", async () => {
  for (let bit = 8 * 260; bit < 8 * signedText.length; bit += 1) {
    await rejects(verifyText(flipped(signedText, bit), client, TO_SERVER), NOT_AUTHENTIC);
  }
});

test("verifyText refuses a signed text that is cut short anywhere, or has bytes behind it", async () => {
  for (let length = 0; length < signedText.length; length += 1) {
    await rejects(verifyText(signedText.subarray(0, length), client, TO_SERVER), NOT_AUTHENTIC);
  }
  await rejects(verifyText(concat([signedText, new Uint8Array(1)]), client, TO_SERVER), NOT_AUTHENTIC);
});

test("verifyText refuses the message of another session", async () => {
  await rejects(verifyText(signedText, client, { ...TO_SERVER, session: OTHER_SESSION }), NOT_AUTHENTIC);
});

test("verifyText refuses the client's message as the server's: it is reflected", async () => {
  const reflected = await decryptBlocks(await encryptBlocks(signedText, client), client);
  await rejects(verifyText(reflected, server, TO_CLIENT), NOT_AUTHENTIC);
  await rejects(verifyText(signedText, client, TO_CLIENT), NOT_AUTHENTIC);
});

test("verifyText refuses another sender's text", async () => {
  await rejects(verifyText(await signText("hello", mallory, TO_SERVER), client, TO_SERVER), NOT_AUTHENTIC);
});

test("verifyText refuses what the receiver encrypted again for someone else, who is in another session", async () => {
  const forwarded = await encryptBlocks(await decryptBlocks(message, server), mallory);
  const decrypted = await decryptBlocks(forwarded, mallory);
  await rejects(verifyText(decrypted, client, { ...TO_SERVER, session: OTHER_SESSION }), NOT_AUTHENTIC);
});

test("verifyText refuses a signature without the label, or under part 2's", async () => {
  const plaintext = encodeUtf8("hello");
  for (const fields of [
    ["client to server", SESSION, plaintext],
    ["sml/part2/v1/request", "client to server", SESSION, plaintext],
    [plaintext],
  ]) {
    const forged = encodeFields([await sign(client, fields), plaintext]);
    await rejects(verifyText(forged, client, TO_SERVER), NOT_AUTHENTIC);
  }
});

test("verifyText refuses a text that is signed but over the limit", async () => {
  const signed = await signText("x".repeat(TEXT_LIMIT + 1), client, TO_SERVER);
  await rejects(
    verifyText(signed, client, TO_SERVER),
    `the text is too long: ${TEXT_LIMIT + 1} bytes, at most ${TEXT_LIMIT} are accepted`,
  );
});

test("verifyText refuses a text that is signed but not UTF-8", async () => {
  const plaintext = new Uint8Array([0xff]);
  const signature = await sign(client, ["sml/part1/v1/message", TO_SERVER.direction, SESSION, plaintext]);
  await rejects(
    verifyText(encodeFields([signature, plaintext]), client, TO_SERVER),
    "the text is not valid UTF-8",
  );
});

/** The server's public key in the runtime's own WebCrypto. */
async function nativeKey(): Promise<CryptoKey> {
  return crypto.subtle.importKey("spki", server.spki, { name: "RSA-OAEP", hash: "SHA-256" }, false, [
    "encrypt",
  ]);
}

test.run();
