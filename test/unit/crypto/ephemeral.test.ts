/** Ephemeral keys: what is taken from a peer. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat } from "../../../lib/bytes/bytes.ts";
import { deriveShared, generateEphemeral } from "../../../lib/crypto/ephemeral.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import { flipBit } from "../../support/wire.ts";

const [ours, theirs] = [generateEphemeral(), generateEphemeral()];

test("deriveShared: both sides get the same 32 bytes", () => {
  const shared = deriveShared(ours, theirs.point);
  assert.is(shared.length, 32);
  assert.equal(shared, deriveShared(theirs, ours.point));
});

test("deriveShared: what WebCrypto derives, for each side", async () => {
  const algorithm = { name: "ECDH", namedCurve: "P-256" };
  for (let round = 0; round < 20; round += 1) {
    const mine = generateEphemeral();
    const { publicKey, privateKey } = await subtle.generateKey(algorithm, false, ["deriveBits"]);
    const point = new Uint8Array(await subtle.exportKey("raw", publicKey));
    const own = await subtle.importKey("raw", mine.point, algorithm, false, []);
    const reference = await subtle.deriveBits({ name: "ECDH", public: own }, privateKey, 256);
    assert.equal(deriveShared(mine, point), new Uint8Array(reference));
  }
});

test("deriveShared: a point that is compressed, hybrid, cut, longer, at infinity", () => {
  const { point } = theirs;
  const compressed = concat([new Uint8Array([2 + ((point[64] ?? 0) & 1)]), point.subarray(1, 33)]);
  const hybrid = point.slice();
  hybrid[0] = 6 + ((point[64] ?? 0) & 1);
  const longer = concat([point, new Uint8Array(1)]);
  for (const bad of [
    compressed,
    hybrid,
    longer,
    point.subarray(0, 64),
    new Uint8Array([0]),
    new Uint8Array(),
  ])
    assert.throws(() => deriveShared(ours, bad), /expected 65 bytes that begin with 04/);
});

test("deriveShared: a point off the curve", () => {
  for (let bit = 8; bit < 8 * 65; bit += 1)
    assert.throws(() => deriveShared(ours, flipBit(theirs.point, bit)), /not a point of the curve/);
  const zero = new Uint8Array(65);
  zero[0] = 4;
  assert.throws(() => deriveShared(ours, zero), /not a point of the curve/);
});

test("deriveShared: a coordinate that is not reduced", () => {
  // y² = x³ - 3x + b has a solution at x = 5; x + p fits 256 bits as well
  const prime = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const y = 0x459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbccn;
  const encode = (x: bigint) => {
    const hex = `04${x.toString(16).padStart(64, "0")}${y.toString(16).padStart(64, "0")}`;
    return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  };
  assert.is(deriveShared(ours, encode(5n)).length, 32);
  assert.throws(() => deriveShared(ours, encode(5n + prime)), /not a point of the curve/);
});

test.run();
