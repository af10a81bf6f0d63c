/** Identities out of the stock in test/keys, since making one takes a second. */
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { type Identity, importIdentity } from "../../lib/crypto/identity.ts";

/** Reads the identity `name`, `a` or `b`. */
export async function loadIdentity(name: "a" | "b"): Promise<Identity> {
  return importIdentity(
    await readPem(`identity-3072-${name}.pem`),
    await readPem(`identity-3072-${name}.pub.pem`),
  );
}

async function readPem(file: string): Promise<Bytes> {
  const text = await readFile(new URL(`../keys/${file}`, import.meta.url), "utf8");
  return new Uint8Array(Buffer.from(text.replaceAll(/-----.*-----|\s/g, ""), "base64"));
}
