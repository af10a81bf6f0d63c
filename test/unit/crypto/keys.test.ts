import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { fingerprintOf } from "../../../lib/crypto/identity.ts";
import { generateKeys, importOwnKeys, importPublicKeys, SESSION_KEY_BITS } from "../../../lib/crypto/keys.ts";
import { NOT_AUTHENTIC, sign, verify } from "../../../lib/crypto/signature.ts";
import { checkSpki } from "../../../lib/crypto/spki.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import { type BadKeyName, type KeyName, loadKeys, loadPkcs8, loadSpki } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";

// openssl pkey -pubin -in NAME.pub.pem -outform DER | openssl dgst -sha256 -binary | base64
const STOCK: [KeyName, number, string][] = [
  ["rsa-2048-a", 256, "SHA256:9ilo1LpgDtDbITXC7yXdLHYxN/SbLYPUPxlXt6Ryi9w"],
  ["rsa-2048-b", 256, "SHA256:bUGfzM2kMkrrlB9YYNJRNthW73AZjNwAUwzeMOucOFQ"],
  ["rsa-2048-c", 256, "SHA256:+HTimEvvigwvF7NBoIR5U2mmX2wH7e/yvi1TUXPFODo"],
  ["rsa-2052", 257, "SHA256:t0tvZCYZpLf0n1Zs2fWcEYcwOwqnsGHcgFGW7qtr3Qo"],
  ["rsa-3072", 384, "SHA256:GBSjAU6L/CsBofdcZYRdRPLU3PLv6lf2aLduDsH+X4Q"],
  ["rsa-4096", 512, "SHA256:nTP3/3mC3FZ7jbAgIEjxjK+Dt36CqkUUpqa9D5M5Vwk"],
];

for (const [name, modulusLength, fingerprint] of STOCK) {
  test(`fingerprintOf is what OpenSSL computes for ${name}`, async () => {
    assert.is(await fingerprintOf(loadSpki(name)), fingerprint);
  });

  test(`importPublicKeys gives fingerprint, SPKI and length of ${name}`, async () => {
    const peer = await importPublicKeys(loadSpki(name));
    assert.is(peer.fingerprint, fingerprint);
    assert.is(peer.modulusLength, modulusLength);
    assert.is(toHex(peer.spki), toHex(loadSpki(name)));
  });

  test(`importOwnKeys signs and decrypts what the public half of ${name} verifies and encrypts`, async () => {
    const own = await loadKeys(name);
    const peer = await importPublicKeys(loadSpki(name));
    const signature = await sign(own, ["label", "text"]);
    assert.is(signature.length, modulusLength);
    await verify(peer, signature, ["label", "text"]);
    assert.is(
      toHex(await decrypt(own.decryptionKey, await encrypt(peer.encryptionKey, encodeUtf8("hi")))),
      "6869",
    );
  });
}

test("generateKeys makes a pair of 2048 bits that works as a peer's and as our own", async () => {
  const own = await generateKeys();
  assert.is(SESSION_KEY_BITS, 2048);
  assert.is(checkSpki(own.spki), 2048);
  assert.is(own.modulusLength, 256);
  const peer = await importPublicKeys(own.spki);
  assert.is(peer.fingerprint, own.fingerprint);
  await verify(peer, await sign(own, ["label"]), ["label"]);
  assert.is(
    toHex(await decrypt(own.decryptionKey, await encrypt(peer.encryptionKey, encodeUtf8("hi")))),
    "6869",
  );
});

test("generateKeys makes another pair each time", async () => {
  const [one, two] = await Promise.all([generateKeys(), generateKeys()]);
  assert.is.not(one.fingerprint, two.fingerprint);
});

test("a key pair's private halves cannot be exported, nor used for the other's work", async () => {
  const own = await loadKeys("rsa-2048-a");
  assert.not(own.signingKey.extractable);
  assert.not(own.decryptionKey.extractable);
  assert.equal([...own.signingKey.usages], ["sign"]);
  assert.equal([...own.decryptionKey.usages], ["decrypt"]);
});

test("the public halves verify and encrypt with SHA-256, and nothing else", async () => {
  const peer = await importPublicKeys(loadSpki("rsa-2048-a"));
  assert.equal([...peer.verificationKey.usages], ["verify"]);
  assert.equal([...peer.encryptionKey.usages], ["encrypt"]);
  assert.is(peer.verificationKey.algorithm.name, "RSA-PSS");
  assert.is(peer.encryptionKey.algorithm.name, "RSA-OAEP");
});

test("importOwnKeys with another pair's public half gives what others cannot verify", async () => {
  const mixed = await importOwnKeys(loadPkcs8("rsa-2048-a"), loadSpki("rsa-2048-b"));
  await rejects(verify(mixed, await sign(mixed, ["label"]), ["label"]), NOT_AUTHENTIC);
});

test("fingerprintOf differs for keys that differ in one bit", async () => {
  const spki = loadSpki("rsa-2048-a");
  spki[100] = (spki[100] ?? 0) ^ 1;
  assert.is.not(await fingerprintOf(spki), await fingerprintOf(loadSpki("rsa-2048-a")));
});

const BAD: BadKeyName[] = [
  "bad-rsa-1024",
  "bad-rsa-2047",
  "bad-rsa-4104",
  "bad-rsa-16384",
  "bad-rsa-e3",
  "bad-rsa-pss",
  "bad-ec-p256",
  "bad-ed25519",
];
for (const name of BAD) {
  test(`importPublicKeys refuses ${name} before a provider sees it`, async () => {
    const started = process.cpuUsage();
    await rejects(importPublicKeys(loadSpki(name)), /^the peer's public key is refused: /);
    assert.ok(process.cpuUsage(started).user < 200_000, "it took over 0.2 s");
  });
}

test("importPublicKeys refuses what is not DER, and bytes after the key", async () => {
  await rejects(importPublicKeys(new Uint8Array(0)), /not a SubjectPublicKeyInfo in DER$/);
  await rejects(importPublicKeys(encodeUtf8("ssh-rsa AAAA")), /not a SubjectPublicKeyInfo in DER$/);
  await rejects(
    importPublicKeys(concat([loadSpki("rsa-2048-a"), new Uint8Array(1)])),
    /not a SubjectPublicKeyInfo in DER$/,
  );
});

async function encrypt(key: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.encrypt({ name: "RSA-OAEP" }, key, data));
}

async function decrypt(key: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.decrypt({ name: "RSA-OAEP" }, key, data));
}

test.run();
