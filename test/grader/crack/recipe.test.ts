import { Buffer } from "node:buffer";
import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { fromBytes } from "./arithmetic/modular.ts";
import { otherText } from "./decode/replace-text.ts";
import { follow, learn } from "./recipe.ts";
import type { PrivateNumbers } from "./rsa/own-keys.ts";
import { TEXT } from "./samples/captures.ts";

const OTHER = otherText(TEXT);
const ours = generateKeyPairSync("rsa", { modulusLength: 2048 });
const theirs = generateKeyPairSync("rsa", { modulusLength: 2048 });

function numbersOf(key: KeyObject): PrivateNumbers {
  const { n = "", e = "", d = "" } = key.export({ format: "jwk" });
  const [modulus, exponent, privateExponent] = [n, e, d].map((part) =>
    fromBytes(new Uint8Array(Buffer.from(part, "base64url"))),
  );
  return { modulus: modulus ?? 0n, exponent: exponent ?? 0n, privateExponent: privateExponent ?? 0n };
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };

interface Design {
  /** Returns the pieces of a message. */
  send(key: KeyObject): Bytes[];
  /** Returns the text of a message. */
  receive(message: Buffer, key: KeyObject): string;
}

function follows(name: string, { send, receive }: Design): void {
  test(`follow forges ${name}, as learn has learnt it`, () => {
    const recipe = learn({
      message: send(ours.publicKey),
      keys: [numbersOf(ours.privateKey)],
      text: TEXT,
    });
    assert.ok(recipe, "nothing was learnt");
    const made = follow(recipe, send(theirs.publicKey), numbersOf(theirs.privateKey));
    assert.ok(made, "the recipe does not fit");
    assert.is(receive(Buffer.from(made), theirs.privateKey), OTHER);
    assert.is(recipe.text, OTHER);
  });
}

const pieces = (...texts: (string | Buffer)[]) =>
  texts.map((text) => (typeof text === "string" ? encodeUtf8(text) : new Uint8Array(text)));

follows("one block of OAEP in hexadecimal", {
  send: (key) => pieces(`${publicEncrypt({ key, ...OAEP }, Buffer.from(TEXT)).toString("hex")}\n`),
  receive: (message, key) =>
    privateDecrypt({ key, ...OAEP }, Buffer.from(message.toString().trim(), "hex")).toString(),
});

function gcm(key: Buffer, text: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

function openGcm(key: Buffer, data: Buffer): string {
  const decipher = createDecipheriv("aes-256-gcm", key, data.subarray(0, 12)).setAuthTag(data.subarray(-16));
  return `${decipher.update(data.subarray(12, -16))}${decipher.final()}`;
}

follows("a wrapped key and GCM, in JSON with base64", {
  send: (key) => {
    const secret = randomBytes(32);
    const wrapped = publicEncrypt({ key, ...OAEP }, secret);
    const message = { key: wrapped.toString("base64"), data: gcm(secret, TEXT).toString("base64") };
    return pieces(`${JSON.stringify(message)}\n`);
  },
  receive: (message, key) => {
    const { key: wrapped, data } = JSON.parse(message.toString());
    const secret = privateDecrypt({ key, ...OAEP }, Buffer.from(wrapped, "base64"));
    return openGcm(secret, Buffer.from(data, "base64"));
  },
});

follows("CBC whose key and IV are in one block of PKCS #1 v1.5, in two pieces of bytes", {
  send: (key) => {
    const secret = randomBytes(48);
    const cipher = createCipheriv("aes-256-cbc", secret.subarray(0, 32), secret.subarray(32));
    const wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, secret);
    return pieces(wrapped, Buffer.concat([cipher.update(TEXT), cipher.final()]));
  },
  receive: (message, key) => {
    // Node refuses to unpad PKCS #1 v1.5 by itself
    const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, message.subarray(0, 256));
    const secret = block.subarray(-48);
    const decipher = createDecipheriv("aes-256-cbc", secret.subarray(0, 32), secret.subarray(32));
    return `${decipher.update(message.subarray(256))}${decipher.final()}`;
  },
});

test("learn returns nothing for a message that is encrypted for another key", () => {
  const secret = randomBytes(32);
  const message = [publicEncrypt({ key: theirs.publicKey, ...OAEP }, secret), gcm(secret, TEXT)];
  assert.is(
    learn({ message: pieces(...message), keys: [numbersOf(ours.privateKey)], text: TEXT }),
    undefined,
  );
});

test.run();
