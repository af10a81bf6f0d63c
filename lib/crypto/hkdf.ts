/** HKDF (RFC 5869) with SHA-256. */
import type { Bytes } from "../bytes/bytes.ts";
import { subtle } from "./webcrypto.ts";

/** Derives `length` bytes from `secret` for the use that `info` names. */
export async function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(
    await subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, 8 * length),
  );
}
