/**
 * Signatures on elliptic curves in captured bytes. One looks like any other bytes, so only
 * verification shows what it is: with a public key that passed, over some part of what passed.
 */
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { type Bytes, concat, encodeUtf8, equal } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { type Piece, streamsOf } from "../capture/capture.ts";
import { asBytes } from "../capture/proof.ts";
import { latin1, patch, type View } from "../capture/view.ts";
import { viewsOf } from "../decode/decodings.ts";
import { units } from "../decode/frames.ts";

/** Where a signature is: among the decoded bytes, counted from either end. */
export interface CurveSignature {
  /** `P-256`, `P-384`, `P-521`, `secp256k1` or `Ed25519`. */
  curve: string;
  /** ECDSA: two numbers in a row, or in DER. Ed25519 has one form only. */
  form: "raw" | "DER";
  /** The decodings that lead to it. */
  steps: string;
  before: number;
  after: number;
}

/** A public key as its point. */
export interface Point {
  curve: string;
  bytes: Bytes;
}

export interface SignatureSearch {
  /** The pieces of the turn in which signatures are sought. */
  turn: readonly Bytes[];
  /** Everything that has passed, that turn included. */
  pieces: readonly Piece[];
  keys: readonly Point[];
  /** Texts that may have been signed by themselves. */
  texts: readonly string[];
}

interface Place {
  view: View;
  at: number;
  length: number;
  form: CurveSignature["form"];
}

/** The beginning of a SubjectPublicKeyInfo, in hexadecimal, by curve and length of the point. */
const SPKI: Record<string, string> = {
  "P-256 65": "3059301306072a8648ce3d020106082a8648ce3d030107034200",
  "P-256 33": "3039301306072a8648ce3d020106082a8648ce3d030107032200",
  "P-384 97": "3076301006072a8648ce3d020106052b81040022036200",
  "P-384 49": "3046301006072a8648ce3d020106052b81040022033200",
  "P-521 133": "30819b301006072a8648ce3d020106052b8104002303818600",
  "P-521 67": "3058301006072a8648ce3d020106052b81040023034400",
  "secp256k1 65": "3056301006072a8648ce3d020106052b8104000a034200",
  "secp256k1 33": "3036301006072a8648ce3d020106052b8104000a032200",
  "Ed25519 32": "302a300506032b6570032100",
};
/** Bytes of a raw signature. */
const RAW: Record<string, number> = { "P-256": 64, "P-384": 96, "P-521": 132, secp256k1: 64, Ed25519: 64 };
/** How many of each are tried: a verification takes a tenth of a millisecond. */
const MAX_KEYS = 6;
const MAX_PLACES = 8;
const MAX_PARTS = 48;
const MAX_PAIRED = 20;
const MAX_VERIFICATIONS = 8000;
const STEPS = 200_000_000;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const MAX_TRIES = 200;

/** Returns the signatures in a turn that one of the keys, or a bare point that passed, verifies. */
export function findCurveSignatures({ turn, pieces, keys, texts }: SignatureSearch): CurveSignature[] {
  const views = viewsIn(turn);
  const sent = streamsOf({ pieces: [...pieces], files: [] }).flatMap((stream) =>
    viewsOf(stream, new Budget(STEPS)),
  );
  const points = [...keys, ...barePoints(sent)].flatMap((point) => keyOf(point) ?? []).slice(0, MAX_KEYS);
  const messages = partsOf([...views, ...sent], texts);
  let left = MAX_VERIFICATIONS;
  const found: CurveSignature[] = [];
  for (const place of placesIn(views)) {
    const { view, at, length, form } = place;
    const signature = view.bytes.slice(at, at + length);
    const around = { steps: view.steps.join(), before: at, after: view.bytes.length - at - length };
    const own = [view.bytes.slice(0, at), view.bytes.slice(at + length)];
    const curve = points.find(({ key, curve }) => {
      if (form === "raw" ? RAW[curve] !== length : curve === "Ed25519") return false;
      for (const message of signable([...own, ...messages], signature)) {
        if (left-- <= 0) return false;
        if (verifies(curve, key, { message, signature, form })) return true;
      }
      return false;
    })?.curve;
    if (curve !== undefined) found.push({ curve, form, ...around });
  }
  return found;
}

/** Says whether two signatures are at the same place, though what is around them may vary. */
export function isSameCurvePlace(a: CurveSignature, b: CurveSignature): boolean {
  const isAlike = a.curve === b.curve && a.form === b.form && a.steps === b.steps;
  return isAlike && (a.before === b.before || a.after === b.after);
}

/**
 * Replaces a signature by one as long, over the same bytes but with another key.
 *
 * @returns the changed turn and the offset of the signature; undefined if nothing like a signature
 *   is there
 */
export function resignOnCurve(
  turn: readonly Bytes[],
  { curve, form, steps, before, after }: CurveSignature,
): Bytes | undefined {
  const view = viewsIn(turn).find((candidate) => candidate.steps.join() === steps);
  if (!view) return undefined;
  const raw = RAW[curve] ?? 0;
  const offsets = form === "raw" ? [before, view.bytes.length - after - raw] : [before];
  const offset = offsets.find(
    (at) => at >= 0 && (form === "raw" ? at + raw <= view.bytes.length : derAt(view.bytes, at)),
  );
  if (offset === undefined) return undefined;
  const length = form === "raw" ? raw : (derAt(view.bytes, offset) ?? 0);
  const message = concat([view.bytes.slice(0, offset), view.bytes.slice(offset + length)]);
  const key = otherKey(curve);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    // in DER, one in two is a byte shorter
    const made = signed(curve, key, message, form);
    if (made.length === length) return patch(view, offset, made);
  }
  return undefined;
}

function otherKey(curve: string): KeyObject {
  return curve === "Ed25519"
    ? generateKeyPairSync("ed25519").privateKey
    : generateKeyPairSync("ec", { namedCurve: curve }).privateKey;
}

function signed(curve: string, key: KeyObject, message: Bytes, form: CurveSignature["form"]): Bytes {
  if (curve === "Ed25519") return asBytes(sign(null, message, key));
  return asBytes(sign("sha256", message, { key, dsaEncoding: form === "raw" ? "ieee-p1363" : "der" }));
}

function verifies(
  curve: string,
  key: KeyObject,
  { message, signature, form }: { message: Bytes; signature: Bytes; form: CurveSignature["form"] },
): boolean {
  if (curve === "Ed25519") return verify(null, message, key, signature);
  const options = { key, dsaEncoding: form === "raw" ? "ieee-p1363" : "der" } as const;
  const hashes =
    curve === "P-384" ? ["sha384", "sha256"] : curve === "P-521" ? ["sha512", "sha256"] : ["sha256"];
  return hashes.some((hash) => verify(hash, message, options, signature));
}

/** Returns the places where a signature may be: messages as long as one, ends of messages, DER. */
function placesIn(views: readonly View[]): Place[] {
  const lengths = new Set(Object.values(RAW));
  const exact: Place[] = [];
  const ends: Place[] = [];
  const der: Place[] = [];
  for (const view of views) {
    if (view.rare) continue;
    for (const { at, bytes } of units(view.bytes, view.starts.slice(0, MAX_PARTS))) {
      for (const length of lengths) {
        if (bytes.length === length) exact.push({ view, at, length, form: "raw" });
        else if (bytes.length > length + 8)
          ends.push(
            { view, at: at + bytes.length - length, length, form: "raw" },
            { view, at, length, form: "raw" },
          );
      }
    }
    for (let at = view.bytes.indexOf(SEQUENCE); at !== -1; at = view.bytes.indexOf(SEQUENCE, at + 1)) {
      const length = derAt(view.bytes, at);
      if (length !== undefined) der.push({ view, at, length, form: "DER" });
    }
  }
  const seen = new Set<string>();
  return [...der.slice(0, MAX_PLACES), ...exact.slice(0, MAX_PLACES), ...ends]
    .filter(({ view, at, length }) => {
      const id = latin1(view.bytes.subarray(at, at + length));
      return !seen.has(id) && seen.add(id);
    })
    .slice(0, 3 * MAX_PLACES);
}

/** Returns the length of an ECDSA signature in DER at `at`: a sequence of two integers. */
function derAt(bytes: Bytes, at: number): number | undefined {
  const header = bytes[at + 1] === 0x81 ? 3 : 2;
  const length = bytes[at + header - 1] ?? 0;
  const first = at + header;
  const second = first + 2 + (bytes[first + 1] ?? 0);
  const end = second + 2 + (bytes[second + 1] ?? 0);
  const isOne =
    bytes[at] === SEQUENCE &&
    bytes[first] === INTEGER &&
    bytes[second] === INTEGER &&
    (bytes[first + 1] ?? 0) > 24 &&
    end === first + length &&
    end <= bytes.length;
  return isOne ? end - at : undefined;
}

/** Returns what may have been signed: texts, messages and tokens, the shortest first. */
function partsOf(views: readonly View[], texts: readonly string[]): Bytes[] {
  const parts = new Map<string, Bytes>();
  const add = (bytes: Bytes) => {
    if (bytes.length > 0 && parts.size < MAX_PARTS) parts.set(latin1(bytes), bytes);
  };
  for (const text of texts) {
    add(encodeUtf8(text));
    add(encodeUtf8(createHash("sha256").update(text).digest("hex")));
  }
  for (const view of views) {
    if (view.rare) continue;
    for (const { bytes } of units(view.bytes, view.starts.slice(0, MAX_PARTS))) add(bytes.slice());
    for (const [token] of latin1(view.bytes).matchAll(/(?<=")[^"\n]{16,}(?=")/g))
      add(asBytes(Buffer.from(token, "latin1")));
  }
  return [...parts.values()];
}

/** Yields the parts, their hashes, then two parts in a row, all without the signature itself. */
function* signable(parts: readonly Bytes[], signature: Bytes): Generator<Bytes> {
  const others = parts.filter((part) => part.length > 0 && !equal(part, signature));
  yield* others;
  for (const part of others) yield asBytes(createHash("sha256").update(part).digest());
  for (const first of others.slice(0, MAX_PAIRED))
    for (const second of others.slice(0, MAX_PAIRED)) yield concat([first, second]);
}

/** Returns points that passed without a structure around them. */
function barePoints(views: readonly View[]): Point[] {
  const found = new Map<string, Point>();
  for (const view of views) {
    if (view.rare) continue;
    for (const { bytes } of units(view.bytes, view.starts.slice(0, MAX_PARTS))) {
      const curve =
        bytes.length === 32
          ? "Ed25519"
          : bytes.length === 65 && bytes[0] === 4
            ? "P-256"
            : bytes.length === 33 && (bytes[0] === 2 || bytes[0] === 3)
              ? "P-256"
              : undefined;
      if (curve !== undefined) found.set(latin1(bytes), { curve, bytes: bytes.slice() });
    }
  }
  return [...found.values()];
}

function keyOf({ curve, bytes }: Point): { curve: string; key: KeyObject } | undefined {
  const prefix = SPKI[`${curve} ${bytes.length}`];
  if (prefix === undefined) return undefined;
  try {
    const key = Buffer.concat([Buffer.from(prefix, "hex"), bytes]);
    return { curve, key: createPublicKey({ key, format: "der", type: "spki" }) };
  } catch {
    return undefined;
  }
}

function viewsIn(pieces: readonly Bytes[]): View[] {
  const place = { connection: 1, direction: "client to server" as const, at: 0 };
  const all: Piece[] = pieces.map((bytes) => ({ ...place, bytes }));
  return streamsOf({ pieces: all, files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}
