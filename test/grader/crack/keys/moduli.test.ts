import { test } from "uvu";
import * as assert from "uvu/assert";
import { viewsIn } from "../samples/captures.ts";
import { moduliIn } from "./moduli.ts";

const P = 2n ** 48n - 59n;
const N = P * (2n ** 48n - 65n);

test("moduliIn rejects primes, even numbers and numbers with a small factor", () => {
  // the captured bytes alone: decoded as base64, digits may be anything
  const moduli = (number: bigint) => moduliIn(viewsIn([String(number)]).slice(0, 1));
  for (const number of [P * 3n, N + 1n, 2n ** 127n - 1n]) assert.equal(moduli(number), []);
  assert.equal(moduli(N), [N]);
});

test.run();
