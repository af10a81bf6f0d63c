import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { power, powers } from "./modular.ts";

test("powers agrees with power", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const { n = "", d = "" } = privateKey.export({ format: "jwk" });
  const [modulus, exponent] = [n, d].map((digits) =>
    BigInt(`0x${Buffer.from(digits, "base64url").toString("hex")}`),
  );
  const raise = powers(exponent ?? 0n, modulus ?? 0n);
  for (const base of [0n, 1n, 2n, 12_345n, (modulus ?? 0n) - 1n, (modulus ?? 0n) + 5n])
    assert.is(raise(base), power(base, exponent ?? 0n, modulus ?? 0n));
  assert.is(powers(3n, 7n)(5n), 6n);
});

test.run();
