/**
 * Preloaded into a script (`node --import`), gives it an RSA key from test/keys instead of making
 * one, which takes longer than all the rest: a server gets one, everybody else another, unless
 * STOCK_KEY names it.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";

const role = process.argv[1]?.match(/server\.[jt]s$/) ? "server" : "client";
const key = process.env["STOCK_KEY"] ?? `example-${role}`;
const pem = readFileSync(new URL(`../keys/${key}.pem`, import.meta.url), "utf8");
const pkcs8 = exportDer(createPrivateKey(pem), "pkcs8");
const spki = exportDer(createPublicKey(pem), "spki");

const { subtle } = globalThis.crypto;
Object.assign(subtle, {
  generateKey: async (algorithm: RsaHashedKeyGenParams, extractable: boolean) => ({
    privateKey: await subtle.importKey("pkcs8", pkcs8, algorithm, extractable, ["sign"]),
    publicKey: await subtle.importKey("spki", spki, algorithm, true, ["verify"]),
  }),
});

function exportDer(key: KeyObject, type: "pkcs8" | "spki"): Buffer<ArrayBuffer> {
  return Buffer.from(key.export({ type, format: "der" }));
}
