import { Buffer } from "node:buffer";
import {
  constants,
  createPrivateKey,
  createPublicKey,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../lib/bytes/fields.ts";
import { NOT_AUTHENTIC, sign, verify } from "../../../lib/crypto/signature.ts";
import { flipped } from "../../support/bits.ts";
import { type KeyName, loadKeys, loadPkcs8, loadSpki } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";

const own = await loadKeys("rsa-2048-a");
const FIELDS = ["test/v1", new Uint8Array([1, 2, 3]), "text"];
const signature = await sign(own, FIELDS);

/** What `sign` must be equal to, by OpenSSL's own PSS. */
function pss(key: KeyName, saltLength: number) {
  return {
    signing: {
      key: createPrivateKey({ key: Buffer.from(loadPkcs8(key)), format: "der", type: "pkcs8" }),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    },
    verifying: {
      key: createPublicKey({ key: Buffer.from(loadSpki(key)), format: "der", type: "spki" }),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    },
  };
}

test("verify takes what sign made", async () => {
  await verify(own, signature, FIELDS);
});

test("sign makes RSASSA-PSS over the encoded fields, SHA-256 and a salt of 32 bytes, as OpenSSL checks it", () => {
  assert.ok(nodeVerify("sha256", encodeFields(FIELDS), pss("rsa-2048-a", 32).verifying, signature));
  assert.not(nodeVerify("sha256", encodeFields(FIELDS), pss("rsa-2048-a", 20).verifying, signature));
});

test("verify takes RSASSA-PSS that OpenSSL made, with a salt of 32 bytes and no other", async () => {
  const byOpenSsl = (salt: number): Bytes =>
    new Uint8Array(nodeSign("sha256", encodeFields(FIELDS), pss("rsa-2048-a", salt).signing));
  await verify(own, byOpenSsl(32), FIELDS);
  await rejects(verify(own, byOpenSsl(0), FIELDS), NOT_AUTHENTIC);
  await rejects(verify(own, byOpenSsl(20), FIELDS), NOT_AUTHENTIC);
});

test("verify refuses PKCS #1 v1.5 signatures", async () => {
  const { key } = pss("rsa-2048-a", 32).signing;
  const old = new Uint8Array(
    nodeSign("sha256", encodeFields(FIELDS), { key, padding: constants.RSA_PKCS1_PADDING }),
  );
  await rejects(verify(own, old, FIELDS), NOT_AUTHENTIC);
});

test("sign is salted: the same fields never have the same signature", async () => {
  assert.is.not(toHex(await sign(own, FIELDS)), toHex(signature));
});

const OTHER_FIELDS: [string, (Bytes | string)[]][] = [
  ["another label", ["test/v2", new Uint8Array([1, 2, 3]), "text"]],
  ["one bit changed", ["test/v1", new Uint8Array([1, 2, 2]), "text"]],
  ["a field fewer", ["test/v1", new Uint8Array([1, 2, 3])]],
  ["an empty field more", [...FIELDS, ""]],
  ["two fields glued", ["test/v1", new Uint8Array([1, 2, 3, ...new TextEncoder().encode("text")])]],
  ["a byte moved to the next field", ["test/v1", new Uint8Array([1, 2]), "\u0003text"]],
  ["fields in another order", ["test/v1", "text", new Uint8Array([1, 2, 3])]],
  ["no fields", []],
];
for (const [what, fields] of OTHER_FIELDS) {
  test(`verify refuses ${what}`, async () => {
    await rejects(verify(own, signature, fields), NOT_AUTHENTIC);
  });
}

test("verify refuses another key's signature", async () => {
  await rejects(verify(await loadKeys("rsa-2048-c"), signature, FIELDS), NOT_AUTHENTIC);
  await rejects(verify(await loadKeys("rsa-4096"), signature, FIELDS), NOT_AUTHENTIC);
});

test("verify refuses a signature with one bit flipped, in each byte", async () => {
  for (let bit = 0; bit < 8 * signature.length; bit += 7) {
    const copy = flipped(signature, bit);
    await rejects(verify(own, copy, FIELDS), NOT_AUTHENTIC);
  }
});

test("verify refuses signatures of other lengths with the same words", async () => {
  for (const length of [0, 1, 255, 257, 512, 4096]) {
    const other = new Uint8Array(length);
    other.set(signature.subarray(0, length));
    await rejects(verify(own, other, FIELDS), NOT_AUTHENTIC);
  }
});

test("verify refuses the signature of all zeros and of all ones", async () => {
  await rejects(verify(own, new Uint8Array(256), FIELDS), NOT_AUTHENTIC);
  await rejects(verify(own, new Uint8Array(256).fill(0xff), FIELDS), NOT_AUTHENTIC);
});

test("sign leaves the thread to other work", async () => {
  const strong = await loadKeys("rsa-4096");
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await Promise.all(Array.from({ length: 20 }, () => sign(strong, FIELDS)));
  assert.ok(turned);
});

test.run();
