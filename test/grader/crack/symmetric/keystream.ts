/**
 * A keystream used for two messages (a reused nonce, a restarted counter, a reused one-time pad),
 * or one that was itself sent.
 *
 * At every offset, the difference of captured bytes and text is the keystream that the text would
 * need there. If two different texts need the same one, it was used twice. At least 24 bytes must
 * agree; the key is never guessed.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { isTelling, type Proof } from "../capture/proof.ts";
import { placesIn, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";

const MIN_AGREEMENT = 24;
const MIN_DIFFERENT = 12;
// the most places that are remembered
const MAX_PLACES = 400_000;
const MAX_LENGTH = 2 ** 32;

type Operation = "xor" | "subtract";

interface Need {
  view: View;
  known: Known;
  at: number;
}

/** Finds two texts under one keystream, in one session or several. */
export function findReusedKeystream(
  views: readonly View[],
  knowns: readonly Known[],
  budget: Budget,
): Proof[] {
  const texts = knowns.filter(({ form, bytes }) => form === "UTF-8" && bytes.length >= MIN_AGREEMENT);
  const searched = views.filter(({ rare, bytes }) => !rare && bytes.length >= MIN_AGREEMENT);
  if (texts.length < 2) return [];
  for (const operation of ["xor", "subtract"] as const) {
    // the first place of each keystream, packed into one number to save memory
    const table = new Map<number, number>();
    const needAt = (place: number): Need | undefined => {
      const pair = Math.floor(place / MAX_LENGTH);
      const view = searched[Math.floor(pair / texts.length)];
      const known = texts[pair % texts.length];
      return view && known && { view, known, at: place % MAX_LENGTH };
    };
    for (const [index, view] of searched.entries()) {
      for (const [which, known] of texts.entries()) {
        if (!budget.spend(150 * view.bytes.length) || table.size > MAX_PLACES) return [];
        const end = view.bytes.length - MIN_AGREEMENT;
        const first = (index * texts.length + which) * MAX_LENGTH;
        for (let at = 0; at <= end; at++) {
          const hash = hashOf(view.bytes, known.bytes, at, operation);
          const before = table.get(hash);
          if (before === undefined) table.set(hash, first + at);
          const other = before === undefined ? undefined : needAt(before);
          const isOther = other !== undefined && other.known.text !== known.text;
          const proof = isOther ? compare(other, { view, known, at }, operation) : undefined;
          if (proof) return [proof];
        }
      }
    }
  }
  return [];
}

/** Finds a keystream or one-time pad that was itself sent. */
export function findSentKeystream(views: readonly View[], knowns: readonly Known[], budget: Budget): Proof[] {
  const texts = knowns.filter(({ form, bytes }) => form === "UTF-8" && bytes.length >= MIN_AGREEMENT);
  const searched = views.filter(({ rare, bytes }) => !rare && bytes.length >= MIN_AGREEMENT);
  const table = new Map<number, number>();
  const zeros = new Uint8Array(8);
  for (const [index, view] of searched.entries()) {
    if (!budget.spend(100 * view.bytes.length) || table.size > MAX_PLACES) return [];
    for (let at = 0; at + MIN_AGREEMENT <= view.bytes.length; at++)
      table.set(hashOf(view.bytes, zeros, at, "xor"), index * MAX_LENGTH + at);
  }
  for (const operation of ["xor", "subtract"] as const) {
    for (const view of searched) {
      for (const known of texts) {
        if (!budget.spend(100 * view.bytes.length)) return [];
        for (let at = 0; at + MIN_AGREEMENT <= view.bytes.length; at++) {
          const place = table.get(hashOf(view.bytes, known.bytes, at, operation));
          const source = place === undefined ? undefined : searched[Math.floor(place / MAX_LENGTH)];
          if (place === undefined || !source) continue;
          const proof = padProof({ view, known, at }, { view: source, at: place % MAX_LENGTH }, operation);
          if (proof) return [proof];
        }
      }
    }
  }
  return [];
}

function padProof(need: Need, pad: { view: View; at: number }, operation: Operation): Proof | undefined {
  const { view, known, at } = need;
  let length = 0;
  const stream = streamOf(view.bytes, known.bytes, at, operation);
  while (length < stream.length && pad.view.bytes[pad.at + length] === stream[length]) length++;
  if (length < MIN_AGREEMENT || !isTelling(stream.subarray(0, length))) return undefined;
  return {
    kind: "key on the wire",
    cipher: operation === "xor" ? "XOR with a pad" : "addition of a pad",
    recovered: recoveredText(known, 0, length),
    text: known.text,
    where: [...placesIn(view, at, length), ...placesIn(pad.view, pad.at, length)],
    how: `${operation === "xor" ? "XOR" : "Subtract"} the captured bytes at these two places: the result is the text. The pad was itself sent.`,
    bits: 8 * length,
  };
}

function compare(a: Need, b: Need, operation: Operation): Proof | undefined {
  const [first, second] = [a, b].map(({ view, known, at }) =>
    streamOf(view.bytes, known.bytes, at, operation),
  );
  if (!first || !second) return undefined;
  let length = 0;
  let different = 0;
  while (length < Math.min(first.length, second.length) && first[length] === second[length]) {
    if (a.known.bytes[length] !== b.known.bytes[length]) different++;
    length++;
  }
  // places where the texts agree prove nothing: the ciphertexts agree there too
  if (length < MIN_AGREEMENT || different < MIN_DIFFERENT || !isTelling(first.subarray(0, length)))
    return undefined;
  const isOneSession = a.view.stream.parts[0]?.place.session === b.view.stream.parts[0]?.place.session;
  return {
    kind: "keystream reused",
    cipher: `the same keystream for two messages${isOneSession ? "" : " of two sessions"}`,
    key: `its first bytes: ${Array.from(first.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("")}`,
    recovered: recoveredText(b.known, 0, length),
    text: b.known.text,
    where: [...placesIn(a.view, a.at, length), ...placesIn(b.view, b.at, length)],
    how: `${operation === "xor" ? "XOR" : "Subtract"} the two captured messages: the result is that of the two texts, over ${length} bytes. An attacker who knows or guesses one text can read the other.`,
    bits: 8 * different,
  };
}

function streamOf(bytes: Bytes, text: Bytes, at: number, operation: Operation): Bytes {
  const length = Math.min(text.length, bytes.length - at);
  return text.subarray(0, length).map((byte, index) => {
    const captured = bytes[at + index] ?? 0;
    return operation === "xor" ? captured ^ byte : captured - byte;
  });
}

/** Returns a hash of the first eight bytes of the keystream. */
function hashOf(bytes: Bytes, text: Bytes, at: number, operation: Operation): number {
  let hash = 0;
  for (let index = 0; index < 8; index++) {
    const captured = bytes[at + index] ?? 0;
    const known = text[index] ?? 0;
    const byte = operation === "xor" ? captured ^ known : (captured - known) & 255;
    hash = (Math.imul(hash ^ byte, 0x01000193) + (hash >>> 15)) | 0;
  }
  return hash;
}
