import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { noise, viewsIn } from "../samples/captures.ts";
import { BITS, FORMS, keysIn, N, PRIVATE_PEM, SPKI_PEM } from "../samples/public-keys.ts";
import { findPrivateKeys } from "./private-keys.ts";

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
}

for (const namedCurve of ["P-256", "P-384"]) {
  test(`findKeys finds a key of ${namedCurve}`, () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve });
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    const [key] = keysIn([spki]);
    assert.is(key?.algorithm, `EC ${namedCurve}`);
  });
}

test("findKeys finds no key where there is none", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = noise(seed, 4096);
    const parts = [random, Buffer.from(random).toString("base64"), JSON.stringify([...random])];
    assert.equal(keysIn(parts), []);
  }
});

test("findKeys takes no Diffie–Hellman parameters for a key", () => {
  const prime = String(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn);
  assert.equal(keysIn([`(${prime}, 5)`]), []);
});

test("findKeys marks two small numbers as uncertain", () => {
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

test("findPrivateKeys takes no key of RSA whose numbers do not fit", () => {
  const sound = Buffer.from(PRIVATE_PEM.replaceAll(/-----.*-----|\s/g, ""), "base64");
  // in both halves of the key, behind its headers
  for (const at of [100, sound.length - 20]) {
    const damaged = new Uint8Array(sound);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    const found = findPrivateKeys(viewsIn([damaged]));
    assert.equal(
      found.map(({ numbers }) => numbers?.modulus ?? "none").filter((modulus) => modulus !== N),
      [],
      `at ${at}`,
    );
  }
});

test("findPrivateKeys finds none in a public key or in noise", () => {
  assert.equal(findPrivateKeys(viewsIn([SPKI_PEM, noise(1, 10_000)])), []);
});

test.run();
