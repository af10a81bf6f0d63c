/** Vigenère that keeps spaces and punctuation, but advances its key at every character. */
import { Buffer } from "node:buffer";
import { decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { asBytes, indexOf, MIN_BITS, type Proof, type Rewritten } from "../capture/proof.ts";
import { latin1, patch, placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";
import { otherText, replaceHashes } from "../decode/replace-text.ts";

const MIN_LENGTH = 32;
const MAX_PERIOD = 32;

export function findInPlace(view: View, knowns: readonly Known[], budget: Budget): Proof[] {
  return knowns.flatMap((known) => {
    if (known.form.startsWith("UTF-16") || known.bytes.length < MIN_LENGTH) return [];
    if (!budget.spend(4 * view.bytes.length)) return [];
    const needle = skeleton(known.bytes);
    // a text of letters only has no skeleton to search for; other attacks find every shift of it
    if (new Set(needle).size < 2) return [];
    const at = indexOf(skeleton(view.bytes), needle);
    const key = at === -1 ? undefined : solve(view.bytes.subarray(at), known.bytes);
    return key ? [describe(view, known, at, key)] : [];
  });
}

/** Returns the bytes with an A for each letter. */
function skeleton(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (isLetter(byte) ? 0x41 : byte));
}

function solve(captured: Uint8Array, text: Uint8Array): { letters: string; bits: number } | undefined {
  for (let period = 2; period <= Math.min(MAX_PERIOD, text.length / 3); period++) {
    const key = new Int8Array(period).fill(-1);
    let evidence = 0;
    const fits = text.every((byte, at) => {
      if (!isLetter(byte)) return true;
      const shift = (((captured[at] ?? 0) | 32) - (byte | 32) + 26) % 26;
      const before = key[at % period] ?? -1;
      if (before === -1) key[at % period] = shift;
      else evidence++;
      return before === -1 || before === shift;
    });
    const bits = Math.floor(evidence * Math.log2(26));
    if (fits && bits >= MIN_BITS && key.some((shift) => shift > 0))
      return {
        letters: Array.from(key, (shift) => String.fromCharCode(65 + Math.max(0, shift))).join(""),
        bits,
      };
  }
  return undefined;
}

function describe(
  view: View,
  known: Known,
  at: number,
  { letters, bits }: { letters: string; bits: number },
): Proof {
  return {
    kind: "toy cipher",
    cipher: `Vigenère with a key of ${letters.length}, spaces left in place`,
    key: JSON.stringify(letters),
    recovered: recoveredText(known, 0, known.bytes.length),
    text: known.text,
    where: placesIn(view, at, known.bytes.length),
    how: `Take the captured bytes, ${undo(view.steps)}shift each letter back by the letter of ${letters} above it; the key advances at every character.`,
    bits,
    rewrite: () => rewrite(view, known, at),
  };
}

/** Moves each letter of the text by the same number of letters: the shift of the key stays. */
function rewrite(view: View, known: Known, at: number): Rewritten | undefined {
  const text = decodeUtf8(known.bytes);
  const end = at + known.bytes.length;
  const moved = asBytes(Buffer.from(otherText(latin1(view.bytes.subarray(at, end))), "latin1"));
  const stream = patch(view, at, moved);
  const other = otherText(text);
  return stream && { stream: view.stream, bytes: replaceHashes(stream, text, other), text: other };
}

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
