/** The letters of the text in another order: rail fence, columns, any shuffle. */
import type { Budget } from "../capture/budget.ts";
import type { Known } from "../capture/known.ts";
import { asBuffer, indexOf, isTelling, type Proof } from "../capture/proof.ts";
import { placesIn, undo, type View } from "../capture/view.ts";
import { recoveredText } from "../decode/clear.ts";

const MIN_LENGTH = 40;
const MIN_DIFFERENT = 12;
const MAX_RAILS = 16;
const MAX_COLUMNS = 24;

/** A text under some transpositions, computed once for any number of views. */
interface Transposed {
  known: Known;
  rails: Uint8Array[];
  /** The columns for each width from 2 on. */
  columns: Uint8Array[][];
}

/** Returns the transpositions of the texts that can be recognized by their letters alone. */
export function transposed(knowns: readonly Known[]): Transposed[] {
  return knowns.flatMap((known) => {
    const { bytes, form } = known;
    if (form !== "UTF-8" && form !== "upper case, UTF-8" && form !== "lower case, UTF-8") return [];
    if (bytes.length < MIN_LENGTH || new Set(bytes).size < MIN_DIFFERENT || !isTelling(bytes)) return [];
    const widths = Math.min(MAX_COLUMNS, Math.floor(bytes.length / 5)) - 1;
    return [
      {
        known,
        rails: Array.from({ length: MAX_RAILS - 1 }, (_, index) => railFence(bytes, index + 2)),
        columns: Array.from({ length: widths }, (_, index) => columnsOf(bytes, index + 2)),
      },
    ];
  });
}

export function findTransposition(view: View, texts: readonly Transposed[], budget: Budget): Proof[] {
  if (view.rare) return [];
  return texts.flatMap(({ known, rails, columns }) => {
    if (view.bytes.length < known.bytes.length || !budget.spend(60 * view.bytes.length)) return [];
    const proof = inRails(view, known, rails) ?? inColumns(view, known, columns) ?? shuffle(view, known);
    return proof ? [proof] : [];
  });
}

function railFence(bytes: Uint8Array, count: number): Uint8Array {
  const cycle = 2 * (count - 1);
  const rows: number[][] = Array.from({ length: count }, () => []);
  bytes.forEach((byte, at) => {
    const step = at % cycle;
    rows[step < count ? step : cycle - step]?.push(byte);
  });
  return Uint8Array.from(rows.flat());
}

function columnsOf(bytes: Uint8Array, width: number): Uint8Array[] {
  return Array.from({ length: width }, (_, column) => bytes.filter((_, at) => at % width === column));
}

function inRails(view: View, known: Known, rails: Uint8Array[]): Proof | undefined {
  for (const [index, needle] of rails.entries()) {
    const at = indexOf(view.bytes, needle);
    const name = `rail fence with ${index + 2} rails`;
    if (at !== -1) return describe(view, known, at, name, String(index + 2), 8 * known.bytes.length);
  }
  return undefined;
}

/** Finds the text written in rows and read in columns, in any order. */
function inColumns(view: View, known: Known, columns: Uint8Array[][]): Proof | undefined {
  const { length } = known.bytes;
  const captured = asBuffer(view.bytes);
  for (const parts of columns) {
    const [first = known.bytes] = parts;
    const width = parts.length;
    for (let at = captured.indexOf(first), hits = 0; at !== -1 && hits < 3; hits++) {
      const begin = Math.max(0, at - length - width);
      const near = captured.subarray(begin, at + length + width);
      const found = parts.map((part) => near.indexOf(part));
      if (found.every((place) => place !== -1) && new Set(found).size === width) {
        const order = found.map((place) => found.filter((other) => other < place).length + 1).join(" ");
        // the order of the columns is the key: log2(width!) bits, fewer than 5 per column
        const bits = 8 * length - 5 * width;
        return describe(view, known, begin + Math.min(...found), `columns, ${width} wide`, order, bits);
      }
      at = captured.indexOf(first, at + 1);
    }
  }
  return undefined;
}

/** Finds consecutive bytes that are a permutation of the text. */
function shuffle(view: View, known: Known): Proof | undefined {
  const { bytes } = known;
  const missing = new Int32Array(256);
  for (const byte of bytes) missing[byte] = (missing[byte] ?? 0) + 1;
  // the number of bytes by which the counts of all values differ from the text
  let off = bytes.length;
  for (let at = 0; at < view.bytes.length; at++) {
    off += take(missing, view.bytes[at] ?? 0, -1);
    if (at >= bytes.length) off += take(missing, view.bytes[at - bytes.length] ?? 0, 1);
    if (off !== 0 || at < bytes.length - 1) continue;
    const begin = at - bytes.length + 1;
    if (indexOf(view.bytes.subarray(begin, at + 1), bytes) !== -1) return undefined;
    // the counts of some 26 letters must fit: at least one and a half bits per byte
    const bits = Math.floor(1.5 * bytes.length);
    return bits >= 64 ? describe(view, known, begin, "a shuffle of the letters", undefined, bits) : undefined;
  }
  return undefined;
}

function take(missing: Int32Array, value: number, change: 1 | -1): number {
  const before = missing[value] ?? 0;
  missing[value] = before + change;
  return Math.abs(before + change) - Math.abs(before);
}

function describe(
  view: View,
  known: Known,
  at: number,
  cipher: string,
  key: string | undefined,
  bits: number,
): Proof {
  return {
    kind: "toy cipher",
    cipher: `transposition: ${cipher}`,
    ...(key !== undefined && { key }),
    recovered: recoveredText(known, 0, known.bytes.length),
    text: known.text,
    where: placesIn(view, at, known.bytes.length),
    how: `Take the captured bytes, ${undo(view.steps)}they are the ${known.bytes.length} bytes of the text itself in another order: ${cipher}.`,
    bits,
  };
}
