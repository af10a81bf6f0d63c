/** All that an eavesdropper can do with captured bytes, the cheapest first. */
import type { Bytes } from "../../../lib/bytes.ts";
import { Budget, DEFAULT_STEPS } from "./budget.ts";
import { type Capture, streamsOf } from "./capture.ts";
import { findClear } from "./clear.ts";
import { viewsOf } from "./decodings.ts";
import { keysInSource, numbersInSource } from "./dictionary.ts";
import { sharedSecrets } from "./diffie-hellman.ts";
import { Digests, findDigests } from "./digests.ts";
import { findInPlace } from "./in-place.ts";
import { keysOnTheWire } from "./key-candidates.ts";
import { findReusedKeystream, findSentKeystream } from "./keystream.ts";
import { type Known, knownForms } from "./known.ts";
import { Periodic } from "./periodic.ts";
import type { Proof, ProofKind } from "./proof.ts";
import { findRoots } from "./roots.ts";
import { findWeakRsa, keysIn } from "./rsa.ts";
import { trySmallSecrets } from "./small-secrets.ts";
import { findSubstitution, lettersIn } from "./substitution.ts";
import { confirmTextbook } from "./textbook.ts";
import { findTransposition, transposed } from "./transposition.ts";
import { tryKeys } from "./try-keys.ts";
import type { View } from "./view.ts";

const MAX_WIRE_KEYS = 400;
const SUBSTITUTION = "substitution";

const BEST_FIRST: ProofKind[] = [
  "clear",
  "key on the wire",
  "weak key",
  "public key suffices",
  "toy cipher",
  "equal blocks",
  "keystream reused",
  "equal messages",
  "guess confirmed",
  "key in the source",
];

/**
 * Returns every proof that the captured bytes give any of `texts` away, best first.
 *
 * @param options steps: how long it may take, about a nanosecond each; the same steps give the same proofs. source: the program's own files, of
 *   which every constant is tried as a key too; without it only what passed on the wire is
 */
export function eavesdrop(
  captures: readonly Capture[],
  texts: readonly string[],
  options: { steps?: number; source?: readonly { name: string; bytes: Bytes }[] } = {},
): Proof[] {
  const budget = new Budget(options.steps ?? DEFAULT_STEPS);
  const source = options.source ?? [];
  const knowns = knownForms(texts);
  const views = captures.flatMap((capture, session) =>
    streamsOf(capture, session).flatMap((stream) => viewsOf(stream, budget)),
  );
  const proofs = findClear(views, knowns, budget);
  const open = () => without(knowns, proofs);
  proofs.push(...toyCiphers(views, open(), budget.part(0.5)));
  proofs.push(...findSentKeystream(views, open(), budget.part(0.2)));
  proofs.push(...findReusedKeystream(views, open(), budget.part(0.2)));
  // what was read letter by letter may have been RSA, which says more
  const named = proofs.filter(({ cipher }) => !cipher.startsWith(SUBSTITUTION));
  const keys = keysIn(views);
  proofs.push(...findRoots(views, open(), budget.part(0.2)));
  const rsa = findWeakRsa(keys, views, without(knowns, named), budget.part(0.5));
  proofs.push(...rsa.proofs);
  proofs.push(...confirmTextbook(keys, views, open(), budget.part(0.2)));
  proofs.push(...findDigests(views, new Digests(open()), budget.part(0.2)));
  const secrets = sharedSecrets(views, budget.part(0.2), numbersInSource(source));
  const groups = [rsa.keys, secrets, keysOnTheWire(views, MAX_WIRE_KEYS), keysInSource(source)];
  // as much for each, and for what comes last
  for (const [index, keys] of groups.entries())
    proofs.push(...tryKeys(keys, views, open(), budget.part(1 / (groups.length + 1 - index))));
  proofs.push(...trySmallSecrets(views, open(), numbersInSource(source), budget));
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
    const share = budget.part(0.4);
    const found = views.flatMap((view) => (share.steps > 0 ? attack(view, share) : []));
    proofs.push(...found);
    for (const { text } of found) lost.add(text);
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
    BEST_FIRST.indexOf(kind) + (cipher.startsWith(SUBSTITUTION) ? 0.5 : 0);
  return proofs
    .toSorted((a, b) => rank(a) - rank(b) || b.recovered.length - a.recovered.length)
    .filter(({ kind, text, where }) => {
      const key = JSON.stringify([kind, text, where[0]?.session]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
