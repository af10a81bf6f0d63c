import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findText, isSearchable } from "./find-text.ts";

const TEXT = "Meet me at the 🌉";

const ENCODINGS: [name: string, bytes: Buffer][] = [
  ["UTF-8", Buffer.from(TEXT)],
  ["UTF-16", Buffer.from(TEXT, "utf16le")],
  ["UTF-16", Buffer.from(TEXT, "utf16le").swap16()],
  ["hexadecimal", Buffer.from(Buffer.from(TEXT).toString("hex"))],
  ["hexadecimal", Buffer.from(Buffer.from(TEXT).toString("hex").toUpperCase())],
  ...[0, 1, 2].flatMap((before): [string, Buffer][] => {
    const wrapped = Buffer.concat([randomBytes(before), Buffer.from(TEXT), randomBytes(5)]);
    return [
      ["base64", Buffer.from(wrapped.toString("base64"))],
      ["base64", Buffer.from(wrapped.toString("base64url"))],
    ];
  }),
];

for (const [name, bytes] of ENCODINGS) {
  test(`findText finds a text in ${name} (${bytes.subarray(0, 12).toString("latin1")}...)`, () => {
    assert.equal(findText(Buffer.concat([randomBytes(50), bytes, randomBytes(50)]), TEXT), [name]);
  });
}

test("findText finds nothing where there is nothing", () => {
  assert.equal(findText(randomBytes(100_000), TEXT), []);
  assert.equal(findText(Buffer.from(TEXT).subarray(1), TEXT), []);
});

test("findText refuses a text that chance would produce", () => {
  assert.not(isSearchable("abc"));
  assert.ok(isSearchable("abcd"));
  assert.throws(() => findText(randomBytes(10), "abc"), /too short/);
});

test.run();
