/** Runs every attack on captured bytes, the cheapest first. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { Budget, DEFAULT_STEPS } from "./capture/budget.ts";
import { type Capture, streamsOf } from "./capture/capture.ts";
import { type Known, knownForms } from "./capture/known.ts";
import type { Proof, ProofKind } from "./capture/proof.ts";
import type { View } from "./capture/view.ts";
import { findInPlace } from "./classical/in-place.ts";
import { lettersIn } from "./classical/letters.ts";
import { Periodic } from "./classical/periodic.ts";
import { findSentKeys } from "./classical/sent-keys.ts";
import { findSubstitution } from "./classical/substitution.ts";
import { findTransposition, transposed } from "./classical/transposition.ts";
import { findClear } from "./decode/clear.ts";
import { viewsOf } from "./decode/decodings.ts";
import { keysFrom, sharedSecrets } from "./diffie-hellman/diffie-hellman.ts";
import { trySmallSecrets } from "./diffie-hellman/small-secrets.ts";
import { keysInSource, numbersInSource } from "./keys/dictionary.ts";
import { type KeyCandidate, keysOnTheWire } from "./keys/key-candidates.ts";
import { stretchedKeys } from "./keys/stretched-keys.ts";
import { Digests, findDigests } from "./rsa/digests.ts";
import { keysIn } from "./rsa/public-keys.ts";
import { findRoots } from "./rsa/roots.ts";
import { confirmTextbook } from "./rsa/textbook.ts";
import { findWeakRsa } from "./rsa/weak-rsa.ts";
import { findReusedKeystream, findSentKeystream } from "./symmetric/keystream.ts";
import { findLinearKeystream } from "./symmetric/linear-keystream.ts";
import { tryKeys } from "./symmetric/try-keys.ts";

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
 * Returns every proof that the captured bytes reveal any of `texts`, best first.
 *
 * @param options steps: the budget, about a nanosecond each; the same steps give the same proofs.
 *   source: the program's own files, whose constants are tried as keys too; kind: run only the
 *   attacks that may give such a proof, until one does
 */
export function eavesdrop(
  captures: readonly Capture[],
  texts: readonly string[],
  options: { steps?: number; source?: readonly { name: string; bytes: Bytes }[]; kind?: ProofKind } = {},
): Proof[] {
  const budget = new Budget(options.steps ?? DEFAULT_STEPS);
  const source = options.source ?? [];
  const knowns = knownForms(texts);
  const sessions = captures.map((capture, session) =>
    streamsOf(capture, session).flatMap((stream) => viewsOf(stream, budget)),
  );
  const views = sessions.flat();
  if (options.kind) return ofKind(options.kind, sessions, { knowns, source, budget });
  const proofs = findClear(views, knowns, budget);
  const open = () => without(knowns, proofs);
  proofs.push(...toyCiphers(views, open(), budget.part(0.5)));
  proofs.push(...findSentKeys(proofs, sessions, budget.part(0.2)));
  proofs.push(...findLinearKeystream(views, open(), budget.part(0.2)));
  proofs.push(...findSentKeystream(views, open(), budget.part(0.2)));
  proofs.push(...findReusedKeystream(views, open(), budget.part(0.2)));
  // a substitution may be RSA letter by letter, which says more
  const named = proofs.filter(({ cipher }) => !cipher.startsWith(SUBSTITUTION));
  const keys = sessions.map(keysIn);
  proofs.push(...findRoots(views, open(), budget.part(0.2)));
  const rsa = findWeakRsa(keys, sessions, without(knowns, named), budget.part(0.5));
  proofs.push(...rsa.proofs);
  proofs.push(...confirmTextbook(keys.flat(), views, open(), budget.part(0.2)));
  proofs.push(...findDigests(views, new Digests(open()), budget.part(0.2)));
  proofs.push(...tryAll(sessions, rsa.keys, source, open(), budget.part(0.8)));
  proofs.push(...trySmallSecrets(sessions[0] ?? [], open(), numbersInSource(source), budget));
  return bestFirst(proofs);
}

interface Search {
  knowns: readonly Known[];
  source: readonly { name: string; bytes: Bytes }[];
  budget: Budget;
}

/** Runs the attacks that may give proofs of one kind, the cheapest first, until one gives one. */
function ofKind(kind: ProofKind, sessions: readonly View[][], { knowns, source, budget }: Search): Proof[] {
  const views = sessions.flat();
  const keys = () => sessions.map(keysIn);
  const unwrapped = (): Proof[] => {
    const rsa = findWeakRsa(keys(), sessions, knowns, budget.part(0.5));
    return rsa.proofs.length > 0 ? rsa.proofs : tryAll(sessions, rsa.keys, source, knowns, budget.part(0.5));
  };
  const direct = () => tryAll(sessions, [], source, knowns, budget.part(0.5));
  const attacks: Partial<Record<ProofKind, (() => Proof[])[]>> = {
    "toy cipher": [() => toyCiphers(views, knowns, budget)],
    "key on the wire": [direct, unwrapped],
    "key in the source": [direct],
    "weak key": [
      direct,
      unwrapped,
      () => trySmallSecrets(sessions[0] ?? [], knowns, numbersInSource(source), budget),
    ],
    "public key suffices": [() => confirmTextbook(keys().flat(), views, knowns, budget.part(0.5)), unwrapped],
  };
  for (const attack of attacks[kind] ?? []) {
    const proofs = attack();
    if (proofs.length > 0) return proofs;
  }
  return [];
}

/** Tries the keys of each session on that session, until one opens something. */
function tryAll(
  sessions: readonly View[][],
  unwrapped: readonly KeyCandidate[],
  source: readonly { name: string; bytes: Bytes }[],
  knowns: readonly Known[],
  budget: Budget,
): Proof[] {
  const constants = numbersInSource(source);
  const texts = new Set(knowns.map(({ text }) => text));
  for (const [session, views] of sessions.entries()) {
    // the later ones only show the same again
    const share = budget.part(0.5);
    const groups = [
      () => unwrapped.filter(({ where }) => where[0]?.session === session),
      () => keysFrom(sharedSecrets(views, share.part(0.2), constants)),
      () => keysOnTheWire(views, MAX_WIRE_KEYS),
      () => [...keysInSource(source), ...(session === 0 ? stretchedKeys(source, views) : [])],
    ];
    const proofs: Proof[] = [];
    for (const [index, keys] of groups.entries()) {
      proofs.push(...tryKeys(keys(), views, knowns, share.part(1 / (groups.length - index))));
      if (new Set(proofs.map(({ text }) => text)).size === texts.size) break;
    }
    if (proofs.length > 0) return proofs;
  }
  return [];
}

/** Runs the attacks that need nothing but the bytes. */
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

/** Returns the texts that no proof has revealed yet. */
function without(knowns: readonly Known[], proofs: readonly Proof[]): Known[] {
  const lost = new Set(proofs.map(({ text }) => text));
  return knowns.filter(({ text }) => !lost.has(text));
}

/** Sorts by kind, then by the length recovered; keeps the best per kind, text and session. */
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
