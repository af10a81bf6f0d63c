import { test } from "uvu";
import * as assert from "uvu/assert";
import { Budget } from "../capture/budget.ts";
import { quadraticSieve } from "./quadratic-sieve.ts";

test("quadraticSieve factors 112 bits", () => {
  const [p, q] = [2n ** 56n - 5n, 2n ** 55n - 55n];
  assert.ok([p, q].includes(quadraticSieve(p * q, new Budget()) ?? 0n));
});

test("quadraticSieve stops when the budget ends", () => {
  assert.is(quadraticSieve((2n ** 127n - 1n) * (2n ** 89n - 1n), new Budget(50_000_000)), undefined);
});

test.run();
