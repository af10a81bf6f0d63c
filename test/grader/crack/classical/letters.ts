/** The letters of a text, in the forms in which a substitution may have replaced them. */
import type { Known } from "../capture/known.ts";

/** The letters of a text: its bytes, or its code points. */
export interface Letters {
  known: Known;
  ids: Int32Array;
  /** The offset of each letter in the bytes of the text, then the length of the text. */
  offsets: number[];
  /**
   * Stretches to search for: the beginning may be in another piece, or damaged if it is not ASCII.
   */
  windows: { from: number; window: Int32Array; previous: Int32Array }[];
}

/** The number of letters that are compared. */
export const WINDOW = 160;
export const MIN_WINDOW = 32;

/** Returns the letters of each text in each form to which a substitution may have been applied. */
export function lettersIn(knowns: readonly Known[]): Letters[] {
  const seen = new Set<string>();
  return knowns
    .filter(({ form }) => !form.startsWith("UTF-16"))
    .flatMap(lettersOf)
    .filter(({ known, ids }) => {
      const key = `${known.text} ${ids.join()}`;
      return !seen.has(key) && seen.add(key);
    });
}

function lettersOf(known: Known): Letters[] {
  const bytes = letters(known, [...known.bytes], [...known.bytes.keys()]);
  const isPlain = known.form === "Latin-1" || known.bytes.every((byte) => byte < 0x80);
  return [bytes, ...(isPlain ? [] : [pointsOf(known)]), onlyLetters(bytes)].filter(
    ({ windows }) => windows.length > 0,
  );
}

function letters(known: Known, ids: number[], offsets: number[]): Letters {
  const all = Int32Array.from(ids);
  const windows = [0, Math.floor(ids.length / 2)].flatMap((from) => {
    const window = all.subarray(from, from + WINDOW);
    return window.length < MIN_WINDOW ? [] : [{ from, window, previous: previousOf(window) }];
  });
  return { known, ids: all, offsets: [...offsets, known.bytes.length], windows };
}

function pointsOf(known: Known): Letters {
  const characters = [...new TextDecoder().decode(known.bytes)];
  const offsets: number[] = [];
  let at = 0;
  for (const character of characters) {
    offsets.push(at);
    at += new TextEncoder().encode(character).length;
  }
  return letters(
    known,
    characters.map((character) => character.codePointAt(0) ?? 0),
    offsets,
  );
}

/** Leaves out everything but letters, as some programs do. */
function onlyLetters({ known, ids }: Letters): Letters {
  const kept = Array.from(ids.keys()).filter((at) => /[A-Za-z]/.test(String.fromCharCode(ids[at] ?? 0)));
  return letters(
    known,
    kept.map((at) => ids[at] ?? 0),
    kept,
  );
}

/** Returns the distance of each symbol to its previous occurrence, or 0. */
function previousOf(ids: Int32Array): Int32Array {
  const last = new Map<number, number>();
  return ids.map((id, at) => {
    const before = last.get(id);
    last.set(id, at);
    return before === undefined ? 0 : at - before;
  });
}
