import { Buffer } from "node:buffer";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
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

test("findKeys reads an exponent beside a modulus in hexadecimal as hexadecimal", () => {
  for (const sent of [`10001 ${N.toString(16)}`, `${N.toString(16)},65537`, `(${N.toString(16)}, 10001)`]) {
    const [key] = keysIn([`key: ${sent}\n`]);
    assert.ok(key && "modulus" in key);
    assert.is(key.exponent, 65537n);
  }
});

const CURVE = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const EDWARDS = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const RSA = createPrivateKey(PRIVATE_PEM).export({ format: "jwk" });

test("findPrivateKeys finds a JWK, and none whose halves do not fit", () => {
  for (const jwk of [CURVE, EDWARDS, RSA]) {
    assert.is(findPrivateKeys(viewsIn([JSON.stringify({ key: jwk })]))[0]?.form, "JWK");
    const d = noise("another", Buffer.from(jwk.d ?? "", "base64url").length);
    const other = { ...jwk, d: Buffer.from(d).toString("base64url") };
    assert.equal(findPrivateKeys(viewsIn([JSON.stringify(other)])), []);
  }
  const digest = `{"from": "a", "d": "${"A".repeat(43)}"}`;
  assert.equal(findPrivateKeys(viewsIn([digest])), []);
});

test("findPrivateKeys finds a key of OpenSSH, and none behind a bare header", () => {
  const [x, d] = [EDWARDS.x, EDWARDS.d].map((text) => Buffer.from(text ?? "", "base64url"));
  assert.ok(x && d);
  const pem = (own: Buffer) => {
    const section = [
      Buffer.alloc(8, 7),
      field("ssh-ed25519"),
      field(x),
      field(Buffer.concat([own, x])),
      field("me"),
    ];
    const parts = [field("none"), field("none"), field(""), Buffer.from([0, 0, 0, 1])];
    const halves = [field(Buffer.concat([field("ssh-ed25519"), field(x)])), field(Buffer.concat(section))];
    const body = Buffer.concat([Buffer.from("openssh-key-v1\0"), ...parts, ...halves]).toString("base64");
    return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.replace(/.{70}/g, "$&\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
  };
  assert.is(findPrivateKeys(viewsIn([pem(d)]))[0]?.algorithm, "ssh-ed25519");
  assert.equal(findPrivateKeys(viewsIn([pem(Buffer.alloc(32, 1))])), []);
  assert.equal(findPrivateKeys(viewsIn(["expected -----BEGIN OPENSSH PRIVATE KEY-----, got nothing\n"])), []);
});

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
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
