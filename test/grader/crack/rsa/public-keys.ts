/** The RSA public keys of a capture. */
import { bitLength } from "../arithmetic/modular.ts";
import type { View } from "../capture/view.ts";
import { findKeys } from "../keys/find-keys.ts";
import type { FoundKey, RsaKey } from "../keys/found-key.ts";
import { moduliIn } from "../keys/moduli.ts";

/** The numbers of a public key, without the place where it was found. */
export type RsaNumbers = Pick<RsaKey, "modulus" | "exponent" | "bits">;

const MAX_KEYS = 16;
/** Tried for a modulus whose exponent was not sent. */
const USUAL_EXPONENTS = [65537n, 3n, 17n];

/** Returns the keys in `views`, then moduli without an exponent, each with the usual exponents. */
export function keysIn(views: readonly View[]): RsaNumbers[] {
  const keys = distinct(views);
  const known = new Set(keys.map(({ modulus }) => modulus));
  const bare = moduliIn(views).filter((modulus) => !known.has(modulus));
  const guessed = bare.flatMap((modulus) =>
    USUAL_EXPONENTS.map((exponent) => ({ modulus, exponent, bits: bitLength(modulus) })),
  );
  return [...keys, ...guessed];
}

/** Returns each key once, the certain ones first, up to a limit. */
function distinct(views: readonly View[]): RsaKey[] {
  const all = findKeys(views, { uncertain: true }).filter(
    (key): key is FoundKey & RsaKey => "modulus" in key,
  );
  const seen = new Set<string>();
  return all
    .toSorted((a, b) => Number(b.certain) - Number(a.certain) || (a.crowd ?? 0) - (b.crowd ?? 0))
    .filter(({ modulus, exponent }) => {
      const identity = `${modulus} ${exponent}`;
      return !seen.has(identity) && seen.add(identity);
    })
    .slice(0, MAX_KEYS);
}

/** Returns a number for a report, shortened if it is long. */
export function short(value: bigint): string {
  const text = String(value);
  return text.length <= 40 ? text : `${text.slice(0, 20)}...(${text.length} digits)`;
}
