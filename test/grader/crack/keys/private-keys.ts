/** Private keys in captured bytes. */
import type { Side } from "../../model/direction.ts";
import type { Place } from "../capture/capture.ts";
import { latin1, placesIn, type View } from "../capture/view.ts";
import { derKeysIn } from "./der-keys.ts";
import { formOf, sideOf } from "./found-key.ts";

export interface FoundPrivateKey {
  algorithm: string;
  form: string;
  side: Side | undefined;
  where: Place[];
  /** Only for RSA. */
  numbers?: { modulus: bigint; exponent: bigint; privateExponent: bigint };
  /** True if the key is encrypted with a password. */
  encrypted: boolean;
}

/** Returns each private key in `views` in PEM, DER, OpenSSH or JWK form. */
export function findPrivateKeys(views: readonly View[]): FoundPrivateKey[] {
  const found = new Map<string, FoundPrivateKey>();
  for (const view of views) {
    if (view.rare) continue;
    for (const key of derKeysIn(view.bytes)) {
      if (key.kind !== "private") continue;
      const { offset, end, algorithm, numbers, encrypted } = key;
      const where = placesIn(view, offset, end - offset);
      const form = formOf(view, offset, key.form);
      const entry = { algorithm, form, side: sideOf(where), where, encrypted, ...(numbers && { numbers }) };
      const identity = `${algorithm} ${numbers?.modulus ?? JSON.stringify(where)}`;
      if (!found.has(identity)) found.set(identity, entry);
    }
    const text = latin1(view.bytes);
    for (const match of text.matchAll(
      /-----BEGIN (OPENSSH|ENCRYPTED) PRIVATE KEY-----|"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/g,
    )) {
      const where = placesIn(view, match.index, match[0].length);
      const encrypted = match[1] === "ENCRYPTED";
      const algorithm = match[1] === undefined ? "JWK" : "unknown";
      const form = match[1] === undefined ? "JWK" : `PEM "${match[1]} PRIVATE KEY"`;
      found.set(JSON.stringify(where), { algorithm, form, side: sideOf(where), where, encrypted });
    }
  }
  return [...found.values()];
}
