import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  concat,
  decodeUtf8,
  encodeUtf8,
  equal,
  fromBase64Url,
  toBase64,
  toBase64Url,
  toHex,
} from "../../../lib/bytes/bytes.ts";
import { flipped } from "../../support/bits.ts";
import { ROOT } from "../../support/launch.ts";
import { throws } from "../../support/rejects.ts";

const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => new Uint8Array(array));
// every code point that UTF-8 can spell, so no surrogate
const texts = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff })))
  .map((codes) => String.fromCodePoint(...codes));

test("encodeUtf8 and decodeUtf8 are each other's inverse for every text", () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.is(decodeUtf8(encodeUtf8(text)), text);
    }),
  );
});

test("encodeUtf8 spells UTF-8", () => {
  assert.is(toHex(encodeUtf8("aé€😀\0")), "61c3a9e282acf09f988000");
});

test("decodeUtf8 keeps a leading byte order mark", () => {
  assert.is(decodeUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa");
});

const NOT_UTF8: [string, number[]][] = [
  ["a lone continuation byte", [0x80]],
  ["a character cut short", [0xe2, 0x82]],
  ["an overlong NUL", [0xc0, 0x80]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a code point over U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["0xff", [0x61, 0xff]],
];
for (const [what, array] of NOT_UTF8) {
  test(`decodeUtf8 refuses ${what}`, () => {
    throws(() => decodeUtf8(new Uint8Array(array)), "the text is not valid UTF-8");
  });
}

test("decodeUtf8 refuses more bytes than the limit", () => {
  assert.is(decodeUtf8(encodeUtf8("é"), 2), "é");
  throws(() => decodeUtf8(encodeUtf8("éa"), 2), "the text is too long: 3 bytes, at most 2 are accepted");
});

test("decodeUtf8 is as before after a refusal", () => {
  throws(() => decodeUtf8(new Uint8Array([0xe2, 0x82])), /UTF-8/);
  assert.is(decodeUtf8(new Uint8Array([0x61])), "a");
});

test("concat puts the parts one after the other", () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      assert.is(toHex(concat(parts)), parts.map(toHex).join(""));
    }),
  );
});

test("concat copies, so that a part may change afterwards", () => {
  const part = new Uint8Array([1, 2]);
  const whole = concat([part]);
  part[0] = 9;
  assert.is(toHex(whole), "0102");
});

test("concat of nothing is empty", () => {
  assert.is(concat([]).length, 0);
});

test("equal is true for the same bytes, in whatever buffer", () => {
  fc.assert(
    fc.property(bytes, (array) => {
      assert.ok(equal(array, concat([new Uint8Array(3), array]).subarray(3)));
    }),
  );
});

test("equal is false when any single bit differs", () => {
  const array = new Uint8Array(32).fill(0x5a);
  for (let bit = 0; bit < 256; bit += 1) assert.not(equal(array, flipped(array, bit)), `bit ${bit}`);
});

test("equal is false when two differences would cancel out", () => {
  assert.not(equal(new Uint8Array([1, 1]), new Uint8Array([0, 0])));
  assert.not(equal(new Uint8Array([1, 2]), new Uint8Array([2, 1])));
});

test("equal is false for a prefix, both ways round", () => {
  assert.not(equal(new Uint8Array([1, 0]), new Uint8Array([1])));
  assert.not(equal(new Uint8Array([1]), new Uint8Array([1, 0])));
  assert.not(equal(new Uint8Array(0), new Uint8Array([0])));
});

test("equal is true for nothing and nothing", () => {
  assert.ok(equal(new Uint8Array(0), new Uint8Array(0)));
});

test("toHex is lower case with both digits of each byte", () => {
  assert.is(toHex(new Uint8Array([0, 10, 0xab, 0xff])), "000aabff");
});

// RFC 4648 §10
const BASE64: [string, string][] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
];
for (const [text, encoded] of BASE64) {
  test(`toBase64, toBase64Url and fromBase64Url agree with RFC 4648 on ${JSON.stringify(text)}`, () => {
    assert.is(toBase64(encodeUtf8(text)), encoded);
    assert.is(toBase64Url(encodeUtf8(text)), encoded);
    assert.is(decodeUtf8(fromBase64Url(encoded)), text);
  });
}

test("toBase64 uses + and /, toBase64Url - and _", () => {
  const array = new Uint8Array([0xfb, 0xff, 0xfe, 0xfb, 0xff, 0xfe]);
  assert.is(toBase64(array), "+//++//+");
  assert.is(toBase64Url(array), "-__--__-");
});

test("toBase64 takes a view for what it shows only", () => {
  assert.is(toBase64(encodeUtf8("xfoox").subarray(1, 4)), "Zm9v");
});

test("fromBase64Url undoes toBase64Url", () => {
  fc.assert(
    fc.property(bytes, (array) => {
      assert.is(toHex(fromBase64Url(toBase64Url(array))), toHex(array));
    }),
  );
});

test("fromBase64Url gives bytes that own their buffer, so that a view of it starts at 0", () => {
  const array = fromBase64Url("Zm9v");
  assert.is(array.byteOffset, 0);
  assert.is(array.buffer.byteLength, 3);
  assert.is(Buffer.isBuffer(array), false);
});

const NOT_CANONICAL: [string, string][] = [
  ["missing padding", "Zg"],
  ["half of the padding", "Zg="],
  ["padding over", "Zm8=="],
  ["padding where there is nothing to pad", "Zm9v===="],
  ["stray bits in the last character", "Zh=="],
  ["stray bits in the last character of two bytes", "Zm9="],
  ["a newline at the end", "Zm9v\n"],
  ["a newline inside", "Zm\n9v"],
  ["a space", " Zm9v"],
  ["the other alphabet", "+/++"],
  ["foreign characters", "Zm9%"],
  ["characters after the padding", "Zg==Zg=="],
  ["a single character", "Z"],
  ["a character that is not ASCII", "Zm9vé"],
  ["a character whose low byte is in the alphabet", "Zm9\u0176"],
];
for (const [what, text] of NOT_CANONICAL) {
  test(`fromBase64Url refuses ${what}`, () => {
    throws(() => fromBase64Url(text), "not padded base64url");
  });
}

test("no program decodes UTF-8 leniently, but for what it only shows", () => {
  const lenient = ["lib", "part1", "part2", "exercises"]
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((file) => file.endsWith(".ts"))
    .filter((file) =>
      /new TextDecoder\((?!.*fatal: true)|new StringDecoder|setEncoding\(/.test(
        readFileSync(join(ROOT, file), "utf8"),
      ),
    );
  assert.equal(lenient, ["exercises/05-ftp/ftp/client/commands.ts"]);
});

test.run();
