/** Tries all keys made from a small number, such as a Diffie–Hellman secret modulo 23. */
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { toBytes } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import type { Proof } from "../capture/proof.ts";
import type { View } from "../capture/view.ts";
import { derivedKeys, type KeyCandidate } from "../keys/key-candidates.ts";
import { Screen } from "../symmetric/screen.ts";
import { noncesIn, SCREENING, SCREENING_EACH, targetsIn, tryKeys } from "../symmetric/try-keys.ts";
import { smallGroups, spellings } from "./diffie-hellman.ts";

/** Numbers below this are always tried. */
const BYTE = 256;
/** Secrets of smaller groups are tried in every spelling, others only in the most common ones. */
const MAX_THOROUGH = 2048;
const MAX_TARGETS = 6;

/** Finds texts under keys made from a number below 256, or below a prime of up to 16 bits. */
export function trySmallSecrets(
  views: readonly View[],
  knowns: readonly Known[],
  constants: readonly bigint[],
  budget: Budget,
): Proof[] {
  if (knowns.length === 0) return [];
  const targets = targetsIn(views).slice(0, MAX_TARGETS);
  const screen = new Screen(
    targets.map(({ bytes }) => bytes),
    noncesIn(views),
  );
  const groups = smallGroups(views, constants);
  const count = Math.max(BYTE, ...groups.map(Number));
  const thorough = Math.max(0, ...groups.map(Number).filter((prime) => prime < MAX_THOROUGH));
  const cost = SCREENING + SCREENING_EACH * targets.length;
  for (let number = 0; number < count; number++) {
    const how = `The key is made from the number ${number}, and there are only ${count} such numbers to try, as many as secrets modulo a small prime.`;
    const secret = BigInt(number);
    const all = number < thorough ? spellings(secret) : [encodeUtf8(String(secret)), toBytes(secret)];
    const found: KeyCandidate[] = [];
    for (const bytes of all) {
      const candidate: KeyCandidate = { bytes, kind: "weak key", where: [], how };
      const derived = [...derivedKeys(candidate, false), ...derivedKeys(candidate, true)];
      if (!budget.spend(cost * derived.length)) return [];
      if (derived.some((key) => screen.mayOpen(key.bytes))) found.push(candidate);
    }
    const proofs = tryKeys(found, views, knowns, budget);
    if (proofs.length > 0) return proofs;
  }
  return [];
}
