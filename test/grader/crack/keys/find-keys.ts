/** Public keys in captured bytes, in every form in which programs send them. */
import { latin1, type View } from "../capture/view.ts";
import { numberPairs, rawKeys } from "./bare-keys.ts";
import type { CurveKey, FoundKey } from "./found-key.ts";
import { derKeys, namedKeys, sshKeys } from "./structured-keys.ts";

/**
 * Returns each public key in `views`, which are those of one stream, once.
 *
 * @param options uncertain: include pairs of small numbers that may be keys
 */
export function findKeys(views: readonly View[], options: { uncertain?: boolean } = {}): FoundKey[] {
  const found = new Map<string, FoundKey>();
  for (const view of views) {
    if (view.rare) continue;
    for (const find of [derKeys, sshKeys, namedKeys, numberPairs, rawKeys]) {
      for (const key of find(view)) {
        if (!key.certain && !options.uncertain) continue;
        const identity = "modulus" in key ? `${key.modulus} ${key.exponent}` : pointOf(key);
        const place = JSON.stringify(key.where);
        if (!found.has(identity + place)) found.set(identity + place, key);
      }
    }
  }
  return withoutOverlaps([...found.values()]);
}

function pointOf({ algorithm, point: { view, offset, length } }: CurveKey): string {
  return `${algorithm} ${latin1(view.bytes.subarray(offset, offset + length))}`;
}

/** Drops a modulus that was read as a bare number where its encoded structure was read too. */
function withoutOverlaps(keys: FoundKey[]): FoundKey[] {
  const seen = new Set<string>();
  return keys.filter((key) => {
    if (!("modulus" in key)) return true;
    const [place] = key.where;
    const connection = place && "connection" in place ? place.connection : "";
    const near = Math.floor((place?.offset ?? 0) / 64);
    const identity = `${key.modulus} ${key.exponent} ${key.side} ${connection} ${near}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}
