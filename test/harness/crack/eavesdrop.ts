/** All that an eavesdropper can do with captured bytes, the cheapest first. */
import { Budget, DEFAULT_STEPS } from "./budget.ts";
import { type Capture, streamsOf } from "./capture.ts";
import { findClear } from "./clear.ts";
import { viewsOf } from "./decodings.ts";
import { findInPlace } from "./in-place.ts";
import { type Known, knownForms } from "./known.ts";
import { Periodic } from "./periodic.ts";
import type { Proof, ProofKind } from "./proof.ts";
import { findSubstitution, lettersIn } from "./substitution.ts";
import { findTransposition, transposed } from "./transposition.ts";
import type { View } from "./view.ts";

const BEST_FIRST: ProofKind[] = [
  "clear",
  "key on the wire",
  "weak key",
  "public key suffices",
  "toy cipher",
  "equal blocks",
  "keystream reused",
  "equal messages",
  "key in the source",
];

/**
 * Returns every proof that the captured bytes give any of `texts` away, best first.
 *
 * @param options steps: how long it may take, about a nanosecond each; the same steps give the same proofs
 */
export function eavesdrop(
  captures: readonly Capture[],
  texts: readonly string[],
  options: { steps?: number } = {},
): Proof[] {
  const budget = new Budget(options.steps ?? DEFAULT_STEPS);
  const knowns = knownForms(texts);
  const views = captures.flatMap((capture, session) =>
    streamsOf(capture, session).flatMap((stream) => viewsOf(stream, budget)),
  );
  const proofs = findClear(views, knowns, budget);
  proofs.push(...toyCiphers(views, without(knowns, proofs), budget));
  return bestFirst(proofs);
}

/** What needs nothing but the bytes. */
function toyCiphers(views: readonly View[], knowns: readonly Known[], budget: Budget): Proof[] {
  const proofs: Proof[] = [];
  const periodic = new Periodic(knowns);
  const reordered = transposed(knowns);
  const letters = lettersIn(knowns);
  const lost = new Set<number | undefined>();
  const attacks: ((view: View, share: Budget) => Proof[])[] = [
    (view, share) => periodic.find(view, lost, share),
    (view, share) => findInPlace(view, without(knowns, proofs), share),
    (view, share) =>
      findTransposition(
        view,
        reordered.filter(({ known }) => !lost.has(known.text)),
        share,
      ),
    (view, share) =>
      findSubstitution(
        view,
        letters.filter(({ known }) => !lost.has(known.text)),
        share,
      ),
  ];
  for (const attack of attacks) {
    const share = budget.share(0.4);
    const before = share.steps;
    const found = views.flatMap((view) => (share.steps > 0 ? attack(view, share) : []));
    proofs.push(...found);
    for (const { text } of found) lost.add(text);
    budget.spend(before - share.steps);
  }
  return proofs;
}

/** The texts that are not known to be lost already. */
function without(knowns: readonly Known[], proofs: readonly Proof[]): Known[] {
  const lost = new Set(proofs.map(({ text }) => text));
  return knowns.filter(({ text }) => !lost.has(text));
}

/** By kind, then by how much was recovered; of the same kind and text only the best, in each session. */
function bestFirst(proofs: Proof[]): Proof[] {
  const seen = new Set<string>();
  const rank = ({ kind, cipher }: Proof) =>
    BEST_FIRST.indexOf(kind) + (cipher.startsWith("substitution") ? 0.5 : 0);
  return proofs
    .toSorted((a, b) => rank(a) - rank(b) || b.recovered.length - a.recovered.length)
    .filter(({ kind, text, where }) => {
      const key = JSON.stringify([kind, text, where[0]?.session]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
