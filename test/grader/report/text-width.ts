/**
 * Text in columns of a terminal.
 *
 * string-width measures whole graphemes: an emoji of several code points is 2 wide, as terminals
 * draw it. Beyond ASCII it takes some 10 µs for each character, so each word is measured once.
 */
import stringWidth from "string-width";

const graphemes = new Intl.Segmenter();

/** Breaks `text` into lines of at most `width` columns, at spaces where there are some. */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => wrapParagraph(paragraph, width));
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  let used = 0;
  for (const word of paragraph.split(" ")) {
    const wordWidth = widthOf(word);
    if (line !== undefined && used + 1 + wordWidth <= width) {
      line += ` ${word}`;
      used += 1 + wordWidth;
      continue;
    }
    if (line !== undefined) lines.push(line);
    const pieces = wordWidth <= width ? [word] : breakWord(word, width);
    line = pieces.pop() ?? "";
    used = pieces.length === 0 ? wordWidth : widthOf(line);
    lines.push(...pieces);
  }
  return [...lines, line ?? ""];
}

/** Breaks `word` into pieces of at most `width` columns, but of one grapheme at least. */
function breakWord(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const { segment } of graphemes.segment(word)) {
    const segmentWidth = widthOf(segment);
    if (piece !== "" && used + segmentWidth > width) {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += segment;
    used += segmentWidth;
  }
  return [...pieces, piece];
}

/** Pads `text` to `width` columns with spaces. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** Returns the columns that `text` takes. */
export function widthOf(text: string): number {
  return stringWidth(text, { countAnsiEscapeCodes: true });
}

/** Returns the start of `text` that fits into `width` columns, with an ellipsis for the rest. */
export function cut(text: string, width: number): string {
  let kept = "";
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) return `${kept}…`;
    if (used < width) kept = text.slice(0, index + segment.length);
  }
  return text;
}
