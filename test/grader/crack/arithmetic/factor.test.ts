import { Buffer } from "node:buffer";
import { generateKeyPairSync, generatePrimeSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Budget } from "../capture/budget.ts";
import { factor, smallPrivateExponent } from "./factor.ts";
import { fromBytes, inverse } from "./modular.ts";

test("factor finds primes of up to 50 bits each", () => {
  for (const bits of [8, 16, 32, 45, 50]) {
    const [a, b] = [generatePrimeSync(bits, { bigint: true }), generatePrimeSync(bits + 1, { bigint: true })];
    assert.equal(
      factor(a * b, new Budget())?.primes,
      [a, b].sort((x, y) => (x < y ? -1 : 1)),
    );
  }
});

for (const [what, modulus] of [
  ["whose relations are found again with the other sign", 1_597_619_220_300_758_472_868_681_468_037n],
  ["that needs one more prime in each polynomial", 35_019_919_377_346_291_603_278_579_155_389n],
] as const)
  test(`factor finds the primes of a modulus ${what}`, () => {
    const primes = factor(modulus, new Budget())?.primes ?? [];
    assert.is(primes.length, 2);
    assert.is(
      primes.reduce((product, prime) => product * prime, 1n),
      modulus,
    );
  });

test("factor gives up on a sound modulus", () => {
  const { n = "" } = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  assert.is(factor(fromBytes(Buffer.from(n, "base64url")), new Budget()), undefined);
});

test("smallPrivateExponent finds one of 200 bits", () => {
  const [a, b] = [generatePrimeSync(512, { bigint: true }), generatePrimeSync(512, { bigint: true })];
  const small = generatePrimeSync(200, { bigint: true });
  const exponent = inverse(small, (a - 1n) * (b - 1n)) ?? 0n;
  assert.is(smallPrivateExponent(a * b, exponent, new Budget()), small);
  assert.is(smallPrivateExponent(a * b, 65537n, new Budget()), undefined);
});

test.run();
