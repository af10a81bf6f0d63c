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
  ["emoji", "😀 👍🏽 🇨🇿 ❤️"],
  ["a family of emoji with its joiners", "👨‍👩‍👧‍👦"],
  ["a zero-width non-joiner, which Persian needs", "می\u200cخواهم"],
  ["a heart as text and as emoji", "❤\ufe0e ❤\ufe0f"],
  ["right-to-left letters", "שלום مرحبا"],
  ["Chinese, Japanese and Korean", "漢字 かな 한국어"],
  ["no-break space", "a\u00a0b"],
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

test("printable yields no control character, line break, bidirectional control or lone surrogate for any code point", () => {
  for (let code = 0; code <= 0x10ffff; code += 1) {
    const result = printable(String.fromCodePoint(code));
    if (unsafe(result)) assert.unreachable(`U+${code.toString(16)}`);
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

test("printable can be undone, so that two texts never print the same", () => {
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
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x2064],
  [0x2066, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0d],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xe0000, 0xe0fff],
];

/**
 * Says whether `text` could end a line, drive the terminal, change the reading order or hide
 * something.
 */
function unsafe(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (UNSAFE_RANGES.some(([first, last]) => first <= code && code <= last)) return true;
  }
  return false;
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
