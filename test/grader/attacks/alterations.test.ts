import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { alphabetAt, cut, drop, duplicate, flip, overwrite, replace, swap } from "./alterations.ts";

const BINARY = Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 5) % 256);

test("flip changes one low bit of a binary byte", () => {
  const { pieces, offset, detail } = flip(BINARY, 10);
  const changed = concat(pieces);
  assert.equal(differences(BINARY, changed), [10]);
  assert.is((changed[10] ?? 0) ^ (BINARY[10] ?? 0), 1);
  assert.is(offset, 10);
  assert.is(detail, "byte 10 is 76 instead of 77");
});

test("flip past the end changes the last byte", () => {
  assert.equal(differences(BINARY, concat(flip(BINARY, 1000).pieces)), [63]);
});

for (const [name, text, allowed] of [
  ["decimal", "(31415926535897932384, 2718)", /^\d+$/],
  ["hexadecimal", "key=00ff12ab98cd76ef0123;", /^[0-9a-f]+$/],
  ["base64", '{"m":"zZ09+/AbCdEfGhIjKl=="}', /^[A-Za-z0-9+/]+$/],
  ["base64url", "<gAAAAABl-_zZ09AbCdEf>", /^[A-Za-z0-9_-]+$/],
] as const) {
  test(`flip and overwrite keep the alphabet of ${name} text`, () => {
    const bytes = encodeUtf8(text);
    const start = 6;
    for (let offset = start; offset < start + 12; offset += 1) {
      const changed = decodeUtf8(concat(flip(bytes, offset).pieces));
      assert.is.not(changed[offset], text[offset]);
      assert.match(changed[offset] ?? "", allowed);
    }
    const changed = decodeUtf8(concat(overwrite(bytes, start, 12).pieces));
    assert.match(changed.slice(start, start + 12), allowed);
    assert.equal(differences(bytes, encodeUtf8(changed)).length, 12);
  });
}

test("overwrite changes every byte of the range, and no other", () => {
  const changed = concat(overwrite(BINARY, 8, 32).pieces);
  assert.equal(
    differences(BINARY, changed),
    Array.from({ length: 32 }, (_, index) => 8 + index),
  );
});

test("alphabetAt tells text from other bytes", () => {
  assert.is(alphabetAt(BINARY, 5), undefined);
  assert.is(alphabetAt(encodeUtf8("short"), 2), undefined);
  assert.is(alphabetAt(encodeUtf8("123456789012345"), 7), "0123456789");
});

test("cut, drop, duplicate, swap and replace return the bytes that their names promise", () => {
  const turn = encodeUtf8("aabbccdd");
  const text = (pieces: Bytes[]) => pieces.map((piece) => decodeUtf8(piece));
  assert.equal(text(cut(turn, 3).pieces), ["aab"]);
  assert.is(cut(turn, 3).endsStream, true);
  assert.equal(text(drop(turn, 2, 2).pieces), ["aaccdd"]);
  assert.equal(text(duplicate(turn, 2, 2).pieces), ["aabb", "bbccdd"]);
  assert.equal(text(swap(turn, 2, 2).pieces), ["aaccbbdd"]);
  assert.equal(text(replace(encodeUtf8("x"), "another").pieces), ["x"]);
});

function differences(a: Bytes, b: Bytes): number[] {
  return [...a.keys()].filter((at) => a[at] !== b[at]);
}

test.run();
