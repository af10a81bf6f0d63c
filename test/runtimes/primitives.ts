/**
 * Compares what the channel takes from node:crypto with the runtime's WebCrypto, both ways, for
 * random inputs. Prints what it compared; any difference is an error.
 *
 * Run: deno run test/runtimes/primitives.ts
 */
import { deepStrictEqual as same, throws } from "node:assert/strict";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import { open, seal } from "../../lib/crypto/aead.ts";
import { deriveShared, generateEphemeral } from "../../lib/crypto/ephemeral.ts";
import { hash, hkdf, hmac } from "../../lib/crypto/sha-256.ts";
import { nativeCrypto, randomBytes } from "../../lib/crypto/webcrypto.ts";

const ROUNDS = 40;
const { subtle } = nativeCrypto;

for (let round = 0; round < ROUNDS; round += 1) {
  const text = randomBytes(randomLength(round));
  await compareRecords(text);
  await compareHashes(text);
  await comparePoints();
}
console.log(`the same as WebCrypto, ${ROUNDS} times: records, hashes, points`);

async function compareRecords(text: Bytes): Promise<void> {
  const given = { key: randomBytes(32), nonce: randomBytes(12), additionalData: randomBytes(5) };
  const gcm = { name: "AES-GCM", iv: given.nonce, additionalData: given.additionalData };
  const key = await subtle.importKey("raw", given.key, "AES-GCM", false, ["encrypt", "decrypt"]);
  const sealed = concat(seal(given, text));
  same(sealed, new Uint8Array(await subtle.encrypt(gcm, key, text)));
  same(new Uint8Array(await subtle.decrypt(gcm, key, sealed)), text);
  same(open(given, sealed), text);
  for (const position of [0, text.length, sealed.length - 1]) {
    const forged = flip(sealed, position);
    const before = forged.slice();
    throws(() => open(given, forged));
    same(forged, before);
  }
  throws(() => open(given, sealed.subarray(0, -1)));
}

async function compareHashes(data: Bytes): Promise<void> {
  same(hash(data), new Uint8Array(await subtle.digest("SHA-256", data)));
  const secret = randomBytes(32);
  const mac = await subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  same(hmac(secret, data), new Uint8Array(await subtle.sign("HMAC", mac, data)));
  const [salt, info] = [randomBytes(32), randomBytes(100)];
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const derived = await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 8 * 184);
  same(hkdf(secret, salt, info, 184), new Uint8Array(derived));
}

async function comparePoints(): Promise<void> {
  const ecdh = { name: "ECDH", namedCurve: "P-256" };
  const mine = generateEphemeral();
  const { publicKey, privateKey } = await subtle.generateKey(ecdh, true, ["deriveBits"]);
  const point = new Uint8Array(await subtle.exportKey("raw", publicKey));
  const imported = await subtle.importKey("raw", mine.point, ecdh, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: imported }, privateKey, 256);
  same(deriveShared(mine, point), new Uint8Array(shared));
  throws(() => deriveShared(mine, flip(point, 1 + (point[1] ?? 0) / 4)), /not a point of the curve/);
  throws(() => deriveShared(mine, flip(point, 64)), /not a point of the curve/);
}

function randomLength(round: number): number {
  const [high = 0, low = 0] = randomBytes(2);
  return round % 4 === 0 ? round : high * 256 + low;
}

function flip(bytes: Bytes, position: number): Bytes {
  const flipped = bytes.slice();
  const index = Math.floor(position);
  flipped[index] = (flipped[index] ?? 0) ^ 1;
  return flipped;
}
