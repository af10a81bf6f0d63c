/** Keys of toy ciphers that were themselves sent: the cipher then matters little. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Place } from "../capture/capture.ts";
import { asBytes, indexOf, MIN_BITS, type Proof } from "../capture/proof.ts";
import { latin1, placesIn, undo, type View } from "../capture/view.ts";

/** A shorter key is among the captured bytes by chance in too many sessions. */
const MIN_LENGTH = 5;
const MIN_DIFFERENT = 4;

interface SentKey {
  proof: Proof;
  key: string;
  where: Place[];
  steps: string[];
}

/**
 * Finds the repeating keys of `proofs` among what passed in their sessions. Short keys count only
 * together: each session has another one.
 */
export function findSentKeys(
  proofs: readonly Proof[],
  sessions: readonly (readonly View[])[],
  budget: Budget,
): Proof[] {
  const sent = proofs.flatMap((proof) => sentKey(proof, sessions, budget) ?? []);
  const keys = new Set(sent.map(({ key }) => key));
  const bits = [...keys].reduce((sum, key) => sum + bitsOf(key), 0);
  if (bits < MIN_BITS) return [];
  return sent.map(({ proof, where, steps }) => ({
    ...proof,
    kind: "key on the wire",
    where: [...proof.where, ...where],
    how: `${proof.how} The key was itself sent: take the other captured bytes${steps.length > 0 ? `, and ${undo(steps).replace(/; then $/, "")}` : ""}.`,
    bits: Math.floor(bits),
  }));
}

function sentKey(proof: Proof, sessions: readonly (readonly View[])[], budget: Budget): SentKey | undefined {
  const { repeating, where } = proof;
  const session = where[0]?.session;
  if (!repeating || session === undefined || repeating.length < MIN_LENGTH) return undefined;
  if (new Set(repeating).size < MIN_DIFFERENT) return undefined;
  for (const view of sessions[session] ?? []) {
    if (view.rare || !budget.spend(repeating.length * view.bytes.length)) continue;
    for (const spelling of spellings(repeating)) {
      const at = indexOf(view.bytes, spelling);
      const place = at === -1 ? [] : placesIn(view, at, spelling.length);
      if (at === -1 || place.some((here) => where.some((there) => overlap(here, there)))) continue;
      return { proof, key: latin1(repeating), where: place, steps: view.steps };
    }
  }
  return undefined;
}

/** Returns the key from each of its symbols on, because a text may begin anywhere in it. */
function spellings(key: Bytes): Bytes[] {
  const text = latin1(key);
  return Array.from(text, (_, at) => text.slice(at) + text.slice(0, at))
    .flatMap((turned) => [turned, turned.toLowerCase()])
    .filter((turned, index, all) => all.indexOf(turned) === index)
    .map((turned) => asBytes(Uint8Array.from(turned, (character) => character.charCodeAt(0))));
}

function bitsOf(key: string): number {
  return key.length * (/^[A-Za-z]*$/.test(key) ? Math.log2(26) : /^[ -~]*$/.test(key) ? 6 : 8);
}

function overlap(a: Place, b: Place): boolean {
  const isSame =
    "file" in a || "file" in b
      ? "file" in a && "file" in b && a.file === b.file
      : a.connection === b.connection && a.direction === b.direction;
  return isSame && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}
