import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { bytewise, captured, noise, OTHER, shiftLetters, TEXT } from "./samples/captures.ts";

const KEY = encodeUtf8("SECRET");
const LONG_KEY = noise("key", 32);
const LARGE = [5000, 0x3abc, 70_001, 2999];
const at = (key: ArrayLike<number>, index: number) => key[index % key.length] ?? 0;
const wide = (encrypt: (letter: number, index: number) => number) =>
  Array.from(TEXT, (c, index) => String.fromCodePoint(encrypt(c.charCodeAt(0), index))).join("");
const code = (text: string, index: number) => text.charCodeAt(index % text.length);
const modularPower = (base: number, exponent: number, modulus: number) => {
  let result = 1;
  for (let step = 0; step < exponent; step++) result = (result * base) % modulus;
  return result;
};

const CIPHERS: [name: string, cipher: RegExp, encrypted: Bytes | string][] = [
  ["XOR with one byte", /^XOR with one byte/, bytewise(TEXT, (byte) => byte ^ 0x5a)],
  [
    "XOR with a word",
    /^XOR with a key repeated every 6/,
    bytewise(TEXT, (byte, index) => byte ^ at(KEY, index)),
  ],
  [
    "XOR with 32 random bytes",
    /repeated every 32/,
    bytewise(TEXT, (byte, index) => byte ^ at(LONG_KEY, index)),
  ],
  ["complement", /^XOR with one byte/, bytewise(TEXT, (byte) => ~byte)],
  ["Caesar over bytes", /^a constant shift/, bytewise(TEXT, (byte) => byte + 200)],
  ["Caesar over letters", /^a constant shift.* over letters/, shiftLetters(TEXT, () => 3)],
  ["ROT13", /^a constant shift.* over letters/, shiftLetters(TEXT, () => 13)],
  ["Caesar over letters, upper case", /over letters/, shiftLetters(TEXT.toUpperCase(), () => 7)],
  ["Caesar, backwards", /over letters/, shiftLetters([...TEXT].reverse().join(""), () => 7)],
  [
    "Caesar over printable characters",
    /from space to ~/,
    bytewise(TEXT, (byte) => 32 + ((byte - 32 + 40) % 95)),
  ],
  ["ROT47", /from ! to ~/, bytewise(TEXT, (byte) => (byte > 32 ? 33 + ((byte - 33 + 47) % 94) : byte))],
  [
    "Caesar over code points",
    /shift/,
    Array.from(TEXT, (c) => String.fromCodePoint(c.charCodeAt(0) + 100)).join(""),
  ],
  [
    "Caesar over code points, far",
    /^a constant shift/,
    Array.from(TEXT, (c) => String.fromCodePoint(c.charCodeAt(0) + 5000)).join(""),
  ],
  [
    "XOR of code points with four large numbers",
    /^XOR with a key repeated every 4/,
    wide((letter, index) => letter ^ at(LARGE, index)),
  ],
  [
    "a shift of code points by four large numbers",
    /^Vigenère with a key of 4/,
    wide((letter, index) => letter + at(LARGE, index)),
  ],
  [
    "numbers, shifted by four large numbers",
    /^Vigenère with a key of 4/,
    Array.from(TEXT, (c, index) => c.charCodeAt(0) + at(LARGE, index)).join(","),
  ],
  ["a shift that grows", /grows/, bytewise(TEXT, (byte, index) => byte + 3 * index + 9)],
  [
    "Vigenère over letters",
    /^Vigenère with a key of 5 over letters/,
    shiftLetters(TEXT, (i) => code("lemon", i) - 97),
  ],
  [
    "Vigenère in place",
    /^Vigenère with a key of 5, spaces/,
    shiftLetters(TEXT, (_, i) => code("lemon", i) - 97),
  ],
  [
    "Vigenère over bytes",
    /^Vigenère with a key of 6 over bytes/,
    bytewise(TEXT, (byte, i) => byte + at(KEY, i)),
  ],
  ["Beaufort over bytes", /^Beaufort/, bytewise(TEXT, (byte, i) => at(KEY, i) - byte)],
  ["letters only", /^only letters kept/, TEXT.replace(/[^A-Za-z]/g, "").toUpperCase()],
  ["affine", /affine, 5 times/, bytewise(TEXT, (byte) => 5 * byte + 8)],
  [
    "a substitution of bytes",
    /substitution/,
    bytewise(TEXT, (byte) => (noise("table", 256)[byte] ?? 0) ^ byte),
  ],
  ["numbers, shifted", /^a constant shift/, Array.from(TEXT, (c) => c.charCodeAt(0) + 1000).join(" ")],
  [
    "numbers, multiplied",
    /multiplied by|times/,
    JSON.stringify(Array.from(TEXT, (c) => c.charCodeAt(0) * 77)),
  ],
  [
    "each letter to a power modulo 3233",
    /substitution/,
    JSON.stringify(Array.from(TEXT, (c) => modularPower(c.charCodeAt(0), 17, 3233))),
  ],
  [
    "each letter to a power, four bytes each",
    /substitution/,
    Buffer.concat(
      Array.from(TEXT, (c) => {
        const block = Buffer.alloc(4);
        block.writeUInt32BE(modularPower(c.charCodeAt(0), 7, 23_449));
        return block;
      }),
    ),
  ],
  ["each letter hashed", /substitution/, concat(Array.from(TEXT, (c) => noise(c, 32)))],
  [
    "each letter hashed, in lines",
    /substitution/,
    Array.from(TEXT, (c) => Buffer.from(noise(c, 20)).toString("base64")).join("\n"),
  ],
  ["rail fence", /rail fence with 3/, rails(TEXT, 3)],
  ["columns in order", /columns, 7 wide/, columns(TEXT, [0, 1, 2, 3, 4, 5, 6])],
  ["columns by a key", /columns, 6 wide/, columns(TEXT, [3, 0, 5, 2, 1, 4])],
  ["shuffled", /shuffle/, [...TEXT].sort((a, b) => (a + b < b + a ? -1 : 1)).join("")],
];

const ENCODINGS: [name: string, encode: (bytes: Uint8Array) => Bytes | string][] = [
  ["as it is", (bytes) => new Uint8Array(bytes)],
  ["in base64", (bytes) => Buffer.from(bytes).toString("base64")],
  ["in hexadecimal", (bytes) => Buffer.from(bytes).toString("hex")],
  ["as a list of numbers", (bytes) => JSON.stringify([...bytes])],
];

for (const [index, [name, cipher, encrypted]] of CIPHERS.entries()) {
  // each in one encoding; which is which depends on nothing
  for (const [timing, encode] of ENCODINGS.slice(index % 4, (index % 4) + 1)) {
    test(`eavesdrop reads ${name}, ${timing}`, () => {
      const bytes = typeof encrypted === "string" ? encodeUtf8(encrypted) : encrypted;
      const capture = captured([noise(1, 61), encode(bytes), noise(2, 40)], [noise(3, 200)]);
      const proofs = eavesdrop([capture], [TEXT], { steps: 300_000_000 });
      assert.is(proofs.length > 0, true, "nothing was found");
      assert.match(proofs[0]?.cipher ?? "", cipher);
      assert.is(proofs[0]?.text, 0);
      assert.ok((proofs[0]?.bits ?? 0) >= 64);
    });
  }
}

test("eavesdrop names the text, the key, and where it was met", () => {
  const encrypted = bytewise(TEXT, (byte, index) => byte ^ at(KEY, index));
  const [proof] = eavesdrop([captured([noise(1, 61), encrypted])], [OTHER, TEXT]);
  assert.is(proof?.text, 1);
  assert.is(proof?.key, '"SECRET"');
  assert.is(proof?.recovered, TEXT);
  assert.equal(proof?.where, [
    { session: 0, connection: 1, direction: "client to server", offset: 61, length: TEXT.length },
  ]);
});

test("eavesdrop names the period of the key, not that of the words", () => {
  const text = "delivo matuse ronipa gezuko bahilu fesota wurime";
  const key = [1, 4, 2, 0, 3, 1];
  const [proof] = eavesdrop([captured([shiftLetters(text, (index) => at(key, index))])], [text], {
    steps: 300_000_000,
  });
  assert.match(proof?.cipher ?? "", /^Vigenère with a key of 6 over/);
});

test("eavesdrop says that the key of a toy cipher was sent, if all of it was", () => {
  const session = (index: number, key: Bytes, sent: Bytes) =>
    captured([
      `HELLO ${index} key=${Buffer.from(sent).toString("base64")}\n`,
      bytewise(index === 0 ? TEXT : OTHER, (byte, place) => byte ^ at(key, place)),
    ]);
  const kindOf = (sessions: ReturnType<typeof session>[]) =>
    eavesdrop(sessions, [TEXT, OTHER], { steps: 300_000_000 })[0]?.kind;
  assert.is(kindOf([session(0, LONG_KEY, LONG_KEY)]), "key on the wire");
  assert.is(kindOf([session(0, LONG_KEY, noise("not the key", 32))]), "toy cipher");
  const short = [noise("short 0", 8), noise("short 1", 8)] as const;
  assert.is(kindOf([session(0, short[0], short[0])]), "toy cipher");
  assert.is(kindOf([session(0, short[0], short[0]), session(1, short[1], short[1])]), "key on the wire");
});

test("eavesdrop calls a text that is only encoded plaintext, not XOR with zeros", () => {
  let encoded = TEXT;
  for (const encoding of ["base64", "hex", "base64", "hex"] as const)
    encoded = Buffer.from(encoded).toString(encoding);
  const source = [{ name: "a.py", bytes: encodeUtf8('IV = b"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"') }];
  const [proof] = eavesdrop([captured([encoded])], [TEXT], { steps: 1_000_000_000, source });
  assert.is(proof?.kind, "clear");
});

function rails(text: string, count: number): string {
  const rows = Array.from({ length: count }, () => "");
  [...text].forEach((character, index) => {
    const step = index % (2 * count - 2);
    const row = step < count ? step : 2 * count - 2 - step;
    rows[row] += character;
  });
  return rows.join("");
}

function columns(text: string, order: number[]): string {
  return order
    .map((column) => [...text].filter((_, index) => index % order.length === column).join(""))
    .join("");
}

test.run();
