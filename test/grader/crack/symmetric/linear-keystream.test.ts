import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { knownForms } from "../capture/known.ts";
import { noise, TEXT, viewsIn } from "../samples/captures.ts";
import { findLinearKeystream } from "./linear-keystream.ts";

const knowns = knownForms([TEXT]);
const MODULUS = 2n ** 64n;

/** Encrypts TEXT with bits `shift` and up of each state, after a header. */
function sealed(multiplier: bigint, increment: bigint, modulus: bigint, shift: bigint) {
  let state = 0x1234_5678_9abc_def1n % modulus;
  const body = encodeUtf8(TEXT).map((byte) => {
    state = (multiplier * state + increment) % modulus;
    return byte ^ Number((state >> shift) & 255n);
  });
  return [noise("header", 20), body];
}

const GENERATORS: [name: string, multiplier: bigint, increment: bigint, modulus: bigint, shift: bigint][] = [
  ["the low byte of glibc's", 1103515245n, 12345n, 2n ** 31n, 0n],
  ["the low byte of one with a modulus of 2^64", 6364136223846793005n, 1442695040888963407n, MODULUS, 0n],
  ["the low byte of a home-made one", 0x1234567n, 891n, 2n ** 40n, 0n],
  ["bits 16 to 23 of glibc's", 1103515245n, 12345n, 2n ** 31n, 16n],
  ["bits 16 to 23 of MMIX", 6364136223846793005n, 1442695040888963407n, MODULUS, 16n],
  ["bits 8 to 15 of Microsoft's", 214013n, 2531011n, 2n ** 32n, 8n],
  ["bits 16 to 23 of Java's", 0x5deece66dn, 11n, 2n ** 48n, 16n],
];

for (const [name, ...generator] of GENERATORS) {
  test(`findLinearKeystream reads a text under ${name}`, () => {
    const [proof] = findLinearKeystream(viewsIn(sealed(...generator)), knowns, new Budget());
    assert.is(proof?.recovered, TEXT);
    assert.is(proof?.kind, "toy cipher");
  });
}

test("findLinearKeystream accuses neither random bytes nor other toy ciphers", () => {
  const text = encodeUtf8(TEXT);
  const captures = [
    noise("random", 4000),
    text.map((byte) => byte ^ 0x55),
    concat([text, noise("end", 400)]),
  ];
  for (const bytes of captures) assert.equal(findLinearKeystream(viewsIn([bytes]), knowns, new Budget()), []);
});

test.run();
