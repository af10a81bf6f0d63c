/** Tries known keys on every captured message. */
import { Buffer } from "node:buffer";
import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Place } from "../capture/capture.ts";
import type { Known } from "../capture/known.ts";
import { type Proof, type Rewritten, readable, showKey } from "../capture/proof.ts";
import { latin1, patch, placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { units } from "../decode/frames.ts";
import { type Recognised, Recogniser } from "../decode/opened.ts";
import { otherText, replaceHashes, replaceText } from "../decode/replace-text.ts";
import { derivedKeys, type KeyCandidate } from "../keys/key-candidates.ts";
import { decryptions, MAX_TRIED } from "./decryptions.ts";
import { Screen } from "./screen.ts";
import { unseal } from "./unseal.ts";

interface Target {
  bytes: Bytes;
  view: View;
  /** The offset in the view. */
  at: number;
  where: Place[];
  /** The decodings that gave it. */
  undone: string[];
}

const MIN_LENGTH = 24;
const MAX_TARGETS = 16;
const MAX_NONCES = 4;
const MAX_UNITS = 40;
const MAX_FIELDS = 12;
const NONCE_LENGTHS = new Set([8, 12, 16]);
// the cost of one key and one message, before the cost of its length
const STEPS = 150_000;
const STEPS_PER_BYTE = 200;
/** The cost of screening one key, and of each message. */
export const SCREENING = 6000;
export const SCREENING_EACH = 1000;
const PLAIN = /^(?:UTF-|Latin-1)/;

/** Tries all `keys`, as they are and derived, on the messages in `views`. */
export function tryKeys(
  keys: readonly KeyCandidate[],
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): Proof[] {
  if (knowns.length === 0) return [];
  const targets = targetsIn(views);
  const nonces = noncesIn(views);
  const cost = STEPS * (1 + nonces.length / 2);
  const recogniser = new Recogniser(knowns.filter(({ form }) => PLAIN.test(form)));
  const lost = new Set<number | undefined>();
  const proofs: Proof[] = [];
  const all = new Set(knowns.map(({ text }) => text));
  const attempt = (candidate: KeyCandidate, { bytes, step }: { bytes: Bytes; step: string }): boolean => {
    for (const target of targets) {
      if (target.bytes.length === bytes.length || contains(target.where, candidate.where)) continue;
      if (!budget.spend(cost + STEPS_PER_BYTE * Math.min(MAX_TRIED, target.bytes.length))) return false;
      const proof = open(candidate, bytes, step, target, nonces, recogniser);
      if (!proof || lost.has(proof.text)) continue;
      proofs.push(proof);
      if (proof.text !== undefined) lost.add(proof.text);
      if (lost.size === all.size) return false;
    }
    return true;
  };
  // screen all keys and derived keys before trying each thoroughly
  const screen = new Screen(
    targets.map(({ bytes }) => bytes),
    nonces,
  );
  const quick = SCREENING + SCREENING_EACH * targets.length;
  for (const { candidate, key } of distinctKeys(keys)) {
    if (!budget.spend(quick)) break;
    if (screen.mayOpen(key.bytes) && !attempt(candidate, key)) return proofs;
  }
  if (proofs.length > 0) return proofs;
  for (const { candidate, key } of distinctKeys(keys)) if (!attempt(candidate, key)) return proofs;
  return proofs;
}

/** Yields each distinct key, first the keys as they are, then those derived from them. */
function* distinctKeys(
  keys: readonly KeyCandidate[],
): Generator<{ candidate: KeyCandidate; key: { bytes: Bytes; step: string } }> {
  const tried = new Set<string>();
  for (const isDerived of [false, true]) {
    for (const candidate of keys) {
      if (isDerived && candidate.cut) continue;
      for (const key of derivedKeys(candidate, isDerived)) {
        const id = latin1(key.bytes);
        if (tried.has(id)) continue;
        tried.add(id);
        yield { candidate, key };
      }
    }
  }
}

function open(
  candidate: KeyCandidate,
  key: Bytes,
  step: string,
  target: Target,
  nonces: readonly Bytes[],
  recogniser: Recogniser,
): Proof | undefined {
  let best: Proof | undefined;
  for (const { cipher, plaintext, authenticated } of decryptions(key, target.bytes, nonces)) {
    const match = recogniser.recognise(plaintext);
    if (!match && !authenticated) continue;
    const bits = match ? 8 * match.length : 128;
    // OFB and CTR agree in the first block; the right one recovers more
    if (best && best.bits >= bits) continue;
    // a key that equals the text would "decrypt" zeros
    if (match && isIn(target.bytes, match)) continue;
    const further = match && match.steps.length > 0 ? `, then undo ${match.steps.join(", then ")}` : "";
    const made = step === "as it is" ? "" : `(${step}) `;
    // XOR with zeros only shows that the text is encoded
    if (match && cipher.startsWith("XOR") && key.every((byte) => byte === 0)) {
      best = encodedOnly(match, target);
      continue;
    }
    best = {
      kind: candidate.kind,
      cipher,
      key: showKey(key),
      recovered: match ? recoveredText(match.known, match.from, match.length) : readable(plaintext),
      ...(match && { text: match.known.text }),
      where: [...target.where, ...candidate.where],
      how: `${candidate.how} Take the key ${made}${showKey(key)} and decrypt with ${cipher}${further}.`,
      bits,
      ...(match && { rewrite: () => rewrite(key, target, nonces, match) }),
    };
  }
  return best;
}

/** Seals another text under the same key, in the same layout. */
function rewrite(
  key: Bytes,
  { view, at, bytes }: Target,
  nonces: readonly Bytes[],
  { known }: Recognised,
): Rewritten | undefined {
  const text = decodeUtf8(known.bytes);
  const other = otherText(text);
  const units = fieldsOf(view);
  const fields = [...units.keys(), ...nonces];
  for (const { plaintext, seal } of unseal(key, bytes, fields)) {
    const changed = replaceText(plaintext, text, other);
    if (!changed) continue;
    let stream: Bytes | undefined;
    for (const [field, value] of seal(changed)) {
      const offset = field === bytes ? at : units.get(field);
      // a nonce of another message stays where it is
      if (value === field) continue;
      stream = offset === undefined ? undefined : patch(view, offset, value);
      if (!stream) return undefined;
    }
    return stream && { stream: view.stream, bytes: replaceHashes(stream, text, other), text: other };
  }
  return undefined;
}

/** Returns the short messages of a view, such as a nonce or a tag, with their offsets. */
function fieldsOf(view: View): Map<Bytes, number> {
  const short = units(view.bytes, view.starts.slice(0, 300)).filter(({ bytes }) =>
    NONCE_LENGTHS.has(bytes.length),
  );
  return new Map(short.slice(-MAX_FIELDS).map(({ at, bytes }) => [bytes.slice(), at]));
}

/** Returns the proof that a text passed in plaintext, only encoded more often than usual. */
function encodedOnly({ known, from, length, steps }: Recognised, { where, undone }: Target): Proof {
  const encodings = [...undone, ...steps].join(" and ");
  return {
    kind: "clear",
    cipher: `none, only ${encodings}`,
    recovered: recoveredText(known, from, length),
    text: known.text,
    where: [...where],
    how: `Take the captured bytes, ${undo([...undone, ...steps])}the text can be read as it is.`,
    bits: 8 * length,
  };
}

function isIn(captured: Bytes, { known, from, length }: Recognised): boolean {
  return latin1(captured).includes(latin1(known.bytes.subarray(from, from + length)));
}

/** Returns each message and token that is long enough, those of the likeliest views first. */
export function targetsIn(views: readonly View[]): Target[] {
  const found = new Map<string, Target>();
  for (const view of views) {
    if (view.rare) continue;
    const list = units(view.bytes, view.starts.slice(0, 300)).toSorted(
      (a, b) => a.bytes.length - b.bytes.length,
    );
    for (const { at, bytes } of list) {
      const id = `${bytes.length} ${latin1(bytes.subarray(0, 48))} ${latin1(bytes.subarray(-48))}`;
      if (bytes.length < MIN_LENGTH || found.has(id) || found.size >= MAX_TARGETS) continue;
      const where = placesIn(view, at, bytes.length);
      found.set(id, { bytes: bytes.slice(), view, at, where, undone: view.steps });
    }
  }
  return [...found.values()];
}

/** Returns short messages that may be an IV or a nonce. */
export function noncesIn(views: readonly View[]): Bytes[] {
  const found = new Map<string, Bytes>();
  for (const view of views) {
    if (view.rare || view.starts.length > MAX_UNITS) continue;
    for (const { bytes } of units(view.bytes, view.starts.slice(0, 300))) {
      if (!NONCE_LENGTHS.has(bytes.length) || found.size >= MAX_NONCES) continue;
      found.set(Buffer.from(bytes).toString("hex"), bytes.slice());
    }
  }
  return [...found.values()];
}

/** Says whether a key was cut out of the message itself, where it cannot be the key. */
function contains(outer: readonly Place[], inner: readonly Place[]): boolean {
  const [a] = outer;
  const [b] = inner;
  if (!a || !b || "file" in a || "file" in b || a.connection !== b.connection || a.direction !== b.direction)
    return false;
  return a.offset + 2 <= b.offset && b.offset + b.length <= a.offset + a.length;
}
