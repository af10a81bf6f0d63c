/** Private keys as JSON Web Keys (RFC 7517), proved by their own public half. */
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type JsonWebKey, sign, verify } from "node:crypto";
import { fromBytes, power } from "../arithmetic/modular.ts";

export interface RsaPrivateNumbers {
  modulus: bigint;
  exponent: bigint;
  privateExponent: bigint;
}

const MAX_LENGTH = 8192;
const PROBE = Buffer.from("probe");

/** Returns the private keys in `text`; those whose halves do not fit are none. */
export function jwksIn(
  text: string,
): { at: number; length: number; algorithm: string; numbers: RsaPrivateNumbers | undefined }[] {
  return [...text.matchAll(/"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/g)].flatMap(({ index }) => {
    const at = text.lastIndexOf("{", index);
    const end = text.indexOf("}", index) + 1;
    if (at === -1 || end === 0 || end - at > MAX_LENGTH) return [];
    const jwk = parse(text.slice(at, end));
    const numbers = jwk && rsaNumbers(jwk);
    if (!jwk || !(numbers ? isRsaPair(numbers) : isPair(jwk))) return [];
    return [{ at, length: end - at, algorithm: jwk.crv ?? String(jwk.kty), numbers }];
  });
}

/** Says whether `d` belongs to the public key in the same JWK of an elliptic curve. */
export function isPair(jwk: JsonWebKey): boolean {
  try {
    const own = createPrivateKey({ key: jwk, format: "jwk" });
    if (jwk.kty === "OKP") return createPublicKey(own).export({ format: "jwk" }).x === jwk.x;
    const { d: _, ...half } = jwk;
    return verify("sha256", PROBE, createPublicKey({ key: half, format: "jwk" }), sign("sha256", PROBE, own));
  } catch {
    return false;
  }
}

export function isRsaPair({ modulus, exponent, privateExponent }: RsaPrivateNumbers): boolean {
  return modulus > 3n && power(power(2n, exponent, modulus), privateExponent, modulus) === 2n;
}

function rsaNumbers({ kty, n, e, d }: JsonWebKey): RsaPrivateNumbers | undefined {
  if (kty !== "RSA" || n === undefined || e === undefined || d === undefined) return undefined;
  return { modulus: integer(n), exponent: integer(e), privateExponent: integer(d) };
}

function parse(text: string): JsonWebKey | undefined {
  try {
    const value: Partial<Record<string, string>> | null = JSON.parse(text);
    return value && typeof value.kty === "string" ? { ...value, kty: value.kty } : undefined;
  } catch {
    return undefined;
  }
}

function integer(text: string): bigint {
  return fromBytes(new Uint8Array(Buffer.from(text, "base64url")));
}
