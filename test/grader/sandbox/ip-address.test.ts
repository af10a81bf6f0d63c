/** Addresses as the box helper spells them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeAddress, encodeAddress } from "./ip-address.ts";

const ENCODED: Record<string, string> = {
  "127.0.0.1": "7f000001",
  "0.0.0.0": "00000000",
  "::": "0".repeat(32),
  "::1": `${"0".repeat(31)}1`,
  "fe80::1:2": `fe80${"0".repeat(20)}00010002`,
};

for (const [address, hex] of Object.entries(ENCODED))
  test(`encodeAddress and decodeAddress agree on ${address}`, () => {
    assert.is(encodeAddress(address), hex);
    assert.is(decodeAddress(hex), address);
  });

test("an IPv4 address mapped into IPv6 is plain IPv4 in both directions", () => {
  assert.is(encodeAddress("::ffff:127.0.0.1"), "7f000001");
  assert.is(decodeAddress(`${"0".repeat(20)}ffff7f000001`), "127.0.0.1");
});

test.run();
