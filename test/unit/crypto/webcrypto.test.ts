import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { provider, randomBytes, sha256, subtle } from "../../../lib/crypto/webcrypto.ts";
import { runScript } from "../../support/scripts.ts";

// FIPS 180-4 and its examples
const SHA256: [string, string][] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];
for (const [text, digest] of SHA256) {
  test(`sha256 knows the answer for ${text.length} bytes`, async () => {
    assert.is(toHex(await sha256(encodeUtf8(text))), digest);
  });
}

test("sha256 takes a view for what it shows only", async () => {
  const view = encodeUtf8("xabcx").subarray(1, 4);
  assert.is(toHex(await sha256(view)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("provider is the one that the environment names, and subtle is its own", () => {
  const wish = process.env["WEBCRYPTO"] || "peculiar";
  assert.is(provider, wish);
  assert.is(subtle === globalThis.crypto.subtle, wish === "native");
});

test("provider is @peculiar/webcrypto on Node when the environment says nothing", async () => {
  const silences = [{ WEBCRYPTO: undefined }, { WEBCRYPTO: "" }];
  const results = await Promise.all(silences.map((environment) => runScript("provider.ts", { environment })));
  for (const result of results) assert.equal(result, { status: 0, stdout: "peculiar\n", stderr: "" });
});

test("any other WEBCRYPTO is a usage error of one line", async () => {
  const { status, stdout, stderr } = await runScript("provider.ts", { environment: { WEBCRYPTO: "Native" } });
  assert.is(status, 2);
  assert.is(stdout, "");
  assert.match(stderr, /^error: [^\n]*WEBCRYPTO must be native or peculiar\n$/);
});

test("randomBytes gives as many bytes as asked for, others each time", () => {
  for (const length of [0, 1, 12, 32, 65_536]) assert.is(randomBytes(length).length, length);
  assert.is(new Set(Array.from({ length: 100 }, () => toHex(randomBytes(16)))).size, 100);
});

test("randomBytes fills all of them", () => {
  // each value is missing from 65,536 random bytes with a chance of 2^-370
  assert.is(new Set(randomBytes(65_536)).size, 256);
  assert.ok(
    randomBytes(65_536)
      .subarray(-64)
      .some((byte) => byte !== 0),
  );
});

test.run();
