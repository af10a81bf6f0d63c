/** AES-256-GCM over node:crypto: the same as WebCrypto's, and nothing left of a forged text. */
import { createDecipheriv } from "node:crypto";
import { mock } from "node:test";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { type AeadParameters, open, seal, TAG_LENGTH } from "../../../lib/crypto/aead.ts";
import { randomBytes, subtle } from "../../../lib/crypto/webcrypto.ts";
import { rejects } from "../../support/rejects.ts";
import { flipBit } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const parameters: AeadParameters = {
  key: randomBytes(32),
  nonce: randomBytes(12),
  additionalData: encodeUtf8("what is not secret"),
};

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));
const anyParameters = fc.record({
  key: bytes(32, 32),
  nonce: bytes(12, 12),
  additionalData: bytes(0, 20),
});
const anyText = fc.oneof(
  bytes(0, 100),
  fc
    .tuple(fc.integer({ min: 0, max: 200_000 }), fc.nat(255))
    .map(([length, byte]) => new Uint8Array(length).fill(byte)),
);

async function webCrypto({ key, nonce, additionalData }: AeadParameters) {
  const gcm = { name: "AES-GCM", iv: nonce, additionalData };
  const imported = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  return {
    seal: async (text: Bytes) => new Uint8Array(await subtle.encrypt(gcm, imported, text)),
    open: async (sealed: Bytes) => new Uint8Array(await subtle.decrypt(gcm, imported, sealed)),
  };
}

function sealWhole(given: AeadParameters, text: Bytes): Bytes {
  return concat(seal(given, text));
}

/** As a promise, so that `rejects` checks its error. */
async function openLater(given: AeadParameters, sealed: Bytes): Promise<Bytes> {
  return open(given, sealed);
}

test("seal and open agree with WebCrypto, both ways", async () => {
  await fc.assert(
    fc.asyncProperty(anyParameters, anyText, async (given, text) => {
      const reference = await webCrypto(given);
      const sealed = sealWhole(given, text);
      assert.equal(sealed, await reference.seal(text));
      assert.equal(await reference.open(sealed), text);
      assert.equal(open(given, await reference.seal(text)), text);
    }),
    { numRuns: 60 },
  );
});

test("open: a text in a larger buffer, left as it is", () => {
  const text = randomBytes(1000);
  const around = concat([randomBytes(7), sealWhole(parameters, text), randomBytes(9)]);
  const before = around.slice();
  assert.equal(open(parameters, around.subarray(7, -9)), text);
  assert.equal(around, before);
});

test("open: any bit flipped, cut anywhere, or longer", async () => {
  const sealed = sealWhole(parameters, encodeUtf8("a message"));
  for (let bit = 0; bit < 8 * sealed.length; bit += 1)
    await rejects(openLater(parameters, flipBit(sealed, bit)), /authenticate/);
  for (let length = 0; length < sealed.length; length += 1)
    await rejects(openLater(parameters, sealed.subarray(0, length)), /authenticate|at least 16 bytes/);
  await rejects(openLater(parameters, concat([sealed, new Uint8Array(1)])), /authenticate/);
});

test("open: another key, nonce, additional data", async () => {
  const sealed = sealWhole(parameters, encodeUtf8("a message"));
  for (const part of ["key", "nonce", "additionalData"] as const)
    await rejects(openLater({ ...parameters, [part]: flipBit(parameters[part], 5) }, sealed), /authenticate/);
});

test("open leaves nothing of what it decrypted when the tag is wrong", async () => {
  const text = new Uint8Array(100_000).fill(0x41);
  const forged = flipBit(sealWhole(parameters, text), 3);
  const before = forged.slice();
  const decrypted: Uint8Array[] = [];
  const { prototype } = createDecipheriv("aes-256-gcm", parameters.key, parameters.nonce).constructor;
  const { update } = prototype;
  mock.method(prototype, "update", function (this: unknown, ...args: unknown[]) {
    const found: unknown = Reflect.apply(update, this, args);
    if (!(found instanceof Uint8Array)) throw new Error("no bytes");
    assert.ok(found.includes(0x41), "it is decrypted before the tag is checked");
    decrypted.push(found);
    return found;
  });
  await rejects(openLater(parameters, forged), /authenticate/);
  assert.is(decrypted.length, 1);
  assert.ok(decrypted.every((found) => found.length === text.length && found.every((byte) => byte === 0)));
  assert.equal(forged, before, "nor is it in the memory of the record");
});

test("open: an empty text, and one of 2 MiB", () => {
  for (const length of [0, 2 * MIB]) {
    const text = new Uint8Array(length).fill(9);
    const sealed = sealWhole(parameters, text);
    assert.is(sealed.length, length + TAG_LENGTH);
    assert.equal(open(parameters, sealed), text);
  }
});

test.after.each(() => mock.restoreAll());

test.run();
