/** SHA-256, HMAC and HKDF over node:crypto: the same as WebCrypto's. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hash, hkdf, hmac } from "../../../lib/crypto/sha-256.ts";
import { sha256, subtle } from "../../../lib/crypto/webcrypto.ts";

const anyBytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));

test("hash and hmac agree with WebCrypto", async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes(1, 100), anyBytes(0, 300), async (key, data) => {
      assert.equal(hash(data), await sha256(data));
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const imported = await subtle.importKey("raw", key, algorithm, false, ["sign"]);
      assert.equal(hmac(key, data), new Uint8Array(await subtle.sign("HMAC", imported, data)));
    }),
  );
});

test("hkdf agrees with WebCrypto", async () => {
  const lengths = fc.integer({ min: 1, max: 300 });
  await fc.assert(
    fc.asyncProperty(anyBytes(32, 32), anyBytes(0, 40), anyBytes(0, 300), lengths, async (...given) => {
      const [secret, salt, info, length] = given;
      const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
      const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };
      const reference = await subtle.deriveBits(algorithm, key, 8 * length);
      assert.equal(hkdf(secret, salt, info, length), new Uint8Array(reference));
    }),
  );
});

test.run();
