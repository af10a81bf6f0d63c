import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatSize, printable, quoted } from "../../../lib/bytes/printable.ts";

// every code point, surrogates among them, and often one that matters
const units = fc.oneof(
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom(
    "\\",
    "n",
    "u",
    "{",
    "a",
    "}",
    "\n",
    "\r",
    "\t",
    "\u001b",
    "\u202e",
    "\u2028",
    "\ud83d",
    "\ude00",
    "\\n",
    "\\u{a}",
  ),
);
const texts = fc.array(units, { maxLength: 12 }).map((parts) => parts.join(""));

const ESCAPED: [string, string, string][] = [
  ["newline", "\n", "\\n"],
  ["carriage return", "\r", "\\r"],
  ["tab", "\t", "\\t"],
  ["backslash", "\\", "\\\\"],
  ["backslash and n, which is no newline", "\\n", "\\\\n"],
  ["ESC, which begins a terminal's commands", "\u001b[2J", "\\u{1b}[2J"],
  ["NUL", "\0", "\\u{0}"],
  ["BEL", "\u0007", "\\u{7}"],
  ["backspace", "\b", "\\u{8}"],
  ["vertical tab and form feed", "\v\f", "\\u{b}\\u{c}"],
  ["DEL", "\u007f", "\\u{7f}"],
  ["C1 next line", "\u0085", "\\u{85}"],
  ["C1 control sequence introducer", "\u009b2J", "\\u{9b}2J"],
  ["line separator", "\u2028", "\\u{2028}"],
  ["paragraph separator", "\u2029", "\\u{2029}"],
  ["right-to-left override", "\u202e", "\\u{202e}"],
  ["left-to-right embedding", "\u202a", "\\u{202a}"],
  ["left-to-right isolate", "\u2066", "\\u{2066}"],
  ["pop directional isolate", "\u2069", "\\u{2069}"],
  ["left-to-right mark", "\u200e", "\\u{200e}"],
  ["right-to-left mark", "\u200f", "\\u{200f}"],
  ["Arabic letter mark", "\u061c", "\\u{61c}"],
  ["zero-width space", "\u200b", "\\u{200b}"],
  ["byte order mark", "\ufeff", "\\u{feff}"],
  ["soft hyphen", "\u00ad", "\\u{ad}"],
  ["interlinear annotation", "\ufff9", "\\u{fff9}"],
  ["a tag character", "\u{e0041}", "\\u{e0041}"],
  ["Hangul fillers, which are letters", "\u115f\u1160\u3164\uffa0", "\\u{115f}\\u{1160}\\u{3164}\\u{ffa0}"],
  ["a combining grapheme joiner", "a\u034f", "a\\u{34f}"],
  ["Khmer inherent vowels", "\u17b4\u17b5", "\\u{17b4}\\u{17b5}"],
  ["other variation selectors", "\u180b\ufe00\u{e0100}", "\\u{180b}\\u{fe00}\\u{e0100}"],
  ["a lone high surrogate", "a\ud83db", "a\\u{d83d}b"],
  ["a lone low surrogate", "a\ude00b", "a\\u{de00}b"],
  ["surrogates in the wrong order", "\ude00\ud83d", "\\u{de00}\\u{d83d}"],
  ["an escape spelled out", "\\u{1b}", "\\\\u{1b}"],
  ["the joiners of a family of emoji", "👨\u200d👧", "👨\\u{200d}👧"],
  ["a zero-width non-joiner, which Persian needs", "می\u200cخواهم", "می\\u{200c}خواهم"],
  ["the selectors of a heart as text and as emoji", "❤\ufe0e ❤\ufe0f", "❤\\u{fe0e} ❤\\u{fe0f}"],
  ["spaces other than that of ASCII", "a\u00a0b\u2003c\u3000d", "a\\u{a0}b\\u{2003}c\\u{3000}d"],
  ["private use", "\ue000\u{f0000}", "\\u{e000}\\u{f0000}"],
  ["what is not assigned", "\u0378\uffff", "\\u{378}\\u{ffff}"],
  ["symbols that are blank", "\u2800\u{1d159}", "\\u{2800}\\u{1d159}"],
  ["combining marks at the start", "\u0301\u0302a", "\\u{301}\\u{302}a"],
  ["a combining mark after a space", "a \u0301", "a \\u{301}"],
  ["a combining mark after what is escaped", "a\u200d\u0301\n\u0301", "a\\u{200d}\\u{301}\\n\\u{301}"],
  ["a combining mark after a letter without a glyph", "\u3164\u0301", "\\u{3164}\\u{301}"],
  ["one of each in a row", "a\n\u001b\\b", "a\\n\\u{1b}\\\\b"],
];
for (const [what, text, expected] of ESCAPED) {
  test(`printable escapes ${what}`, () => {
    assert.is(printable(text), expected);
  });
}

const KEPT: [string, string][] = [
  ["nothing", ""],
  ["letters with accents", "Grüße, naïve žluťoučký kůň"],
  ["combining marks", "e\u0301\u0323 \u0928\u093f"],
  ["emoji of one code point, with skin tones, and flags", "😀 👍🏽 🇨🇿 ❤"],
  ["right-to-left letters", "שלום مرحبا"],
  ["Chinese, Japanese and Korean", "漢字 かな 한국어"],
];
for (const [what, text] of KEPT) {
  test(`printable leaves ${what} as it is`, () => {
    assert.is(printable(text), text);
  });
}

test("printable leaves all of printable ASCII but the backslash", () => {
  for (let code = 0x20; code < 0x7f; code += 1) {
    const character = String.fromCodePoint(code);
    assert.is(printable(character), character === "\\" ? "\\\\" : character);
  }
});

test("printable keeps a code point only if it has a glyph of its own, or an escaped stands for it", () => {
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const character = String.fromCodePoint(code);
    const escaped = SHORT.get(character) ?? `\\u{${code.toString(16)}}`;
    const alone = printable(character);
    if (alone !== (isVisible(character) ? character : escaped)) assert.unreachable(`U+${code.toString(16)}`);
    if (alone === character) continue;
    const expected = MARK.test(character) && !isUnsafe(code) ? character : escaped;
    if (printable(`a${character}`) !== `a${expected}`) assert.unreachable(`a and U+${code.toString(16)}`);
  }
});

test("printable yields nothing unsafe for any text", () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.not(unsafe(printable(text)), JSON.stringify(text));
    }),
    { numRuns: 1000 },
  );
});

test("printable can be undone, so that no two texts give the same result", () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.is(undone(printable(text)), text);
    }),
    { numRuns: 1000 },
  );
});

test("quoted sets marks around a text that cannot forge them, and says where it was cut", () => {
  assert.is(quoted("a\n"), '"a\\n"');
  assert.is(quoted(""), '""');
  assert.is(quoted('x", and this is "y'), '"x\\", and this is \\"y"');
  assert.is(quoted("\\"), '"\\\\"');
  assert.is(quoted("abc", 3), '"abc"');
  assert.is(quoted("abcd", 3), '"abc"…');
  assert.is(quoted("🌉🌉🌉", 3), '"🌉🌉🌉"');
  assert.is(quoted("🌉🌉🌉", 2), '"🌉🌉"…');
});

// by number, apart from the Unicode classes that lib goes by
const UNSAFE_RANGES: [number, number][] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0x1bca0, 0x1bca3],
  [0x1d159, 0x1d159],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

const SHORT = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
const MARK = /^\p{M}$/u;

function isUnsafe(code: number): boolean {
  return UNSAFE_RANGES.some(([first, last]) => first <= code && code <= last);
}

/** Says whether `character` is a letter, number, punctuation or symbol with a glyph, or a space. */
function isVisible(character: string): boolean {
  if (character === " ") return true;
  const code = character.codePointAt(0) ?? 0;
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character) && character !== "\\" && !isUnsafe(code);
}

/**
 * Says whether `text` could end a line, drive the terminal, change the reading order or hide
 * something.
 */
function unsafe(text: string): boolean {
  return [...text].some((character) => isUnsafe(character.codePointAt(0) ?? 0)) || /^\p{M}/u.test(text);
}

function undone(text: string): string {
  const short: Record<string, string> = { n: "\n", r: "\r", t: "\t", "\\": "\\" };
  return text.replace(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (whole, hex: string | undefined, letter: string) =>
    hex === undefined ? (short[letter] ?? whole) : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}

test("formatSize takes the largest unit that leaves no fraction", () => {
  assert.is(formatSize(1024 * 1024), "1 MiB");
  assert.is(formatSize(16 * 1024), "16 KiB");
  assert.is(formatSize(1025 * 1024), "1025 KiB");
  assert.is(formatSize(1536), "1536 bytes");
  assert.is(formatSize(10), "10 bytes");
  assert.is(formatSize(0), "0 bytes");
});

test.run();
