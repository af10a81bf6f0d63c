/** The stock of keys in `test/keys/`, so that no test waits for a prime. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { importOwnKeys, type OwnKeys } from "../../lib/crypto/keys.ts";

export type KeyName =
  | "rsa-2048-a"
  | "rsa-2048-b"
  /** The third party's, or the attacker's. */
  | "rsa-2048-c"
  /** Its length in bits is no multiple of 8. */
  | "rsa-2052"
  | "rsa-3072"
  | "rsa-4096";

/** Public keys that must be refused from a peer. */
export type BadKeyName =
  | "bad-rsa-1024"
  | "bad-rsa-2047"
  | "bad-rsa-4104"
  | "bad-rsa-16384"
  | "bad-rsa-e3"
  | "bad-rsa-pss"
  | "bad-ec-p256"
  | "bad-ed25519";

/** Returns a key pair of the stock. */
export async function loadKeys(name: KeyName): Promise<OwnKeys> {
  return importOwnKeys(readPem(`${name}.pem`), loadSpki(name));
}

/** Returns the SubjectPublicKeyInfo of a key of the stock, in DER. */
export function loadSpki(name: KeyName | BadKeyName): Bytes {
  return readPem(`${name}.pub.pem`);
}

/** Returns the PKCS #8 of a key of the stock, in DER. */
export function loadPkcs8(name: KeyName): Bytes {
  return readPem(`${name}.pem`);
}

function readPem(file: string): Bytes {
  const pem = readFileSync(new URL(`../keys/${file}`, import.meta.url), "ascii");
  return new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----/g, ""), "base64"));
}
