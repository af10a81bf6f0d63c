/** Private keys in captured bytes. */
import type { Side } from "../../model/direction.ts";
import type { Place } from "../capture/capture.ts";
import { latin1, placesIn, type View } from "../capture/view.ts";
import { derKeysIn } from "./der-keys.ts";
import { formOf, sideOf } from "./found-key.ts";
import { jwksIn, type RsaPrivateNumbers } from "./jwk.ts";
import { opensshKeysIn } from "./openssh.ts";

export interface FoundPrivateKey {
  algorithm: string;
  form: string;
  side: Side | undefined;
  where: Place[];
  /** Only for RSA. */
  numbers?: RsaPrivateNumbers;
  /** True if the key is encrypted with a password. */
  encrypted: boolean;
}

interface Located {
  at: number;
  length: number;
  algorithm: string;
  numbers: RsaPrivateNumbers | undefined;
}

/**
 * Returns each private key in `views` in PEM, DER, OpenSSH or JWK form, each
 * proved by its numbers or its public half, or encrypted.
 */
export function findPrivateKeys(views: readonly View[]): FoundPrivateKey[] {
  const found = new Map<string, FoundPrivateKey>();
  for (const view of views) {
    if (view.rare) continue;
    const add = ({ at, length, algorithm, numbers }: Located, form: string, encrypted = false) => {
      const where = placesIn(view, at, length);
      const entry = { algorithm, form, side: sideOf(where), where, encrypted, ...(numbers && { numbers }) };
      const identity = `${algorithm} ${numbers?.modulus ?? JSON.stringify(where)}`;
      if (!found.has(identity)) found.set(identity, entry);
    };
    for (const key of derKeysIn(view.bytes)) {
      if (key.kind !== "private") continue;
      const { offset, end } = key;
      add({ ...key, at: offset, length: end - offset }, formOf(view, offset, key.form), key.encrypted);
    }
    for (const key of jwksIn(latin1(view.bytes))) add(key, "JWK");
    for (const key of opensshKeysIn(view.bytes)) add(key, "OpenSSH", key.encrypted);
  }
  return [...found.values()];
}
