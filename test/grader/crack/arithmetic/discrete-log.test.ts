import { test } from "uvu";
import * as assert from "uvu/assert";
import { Budget } from "../capture/budget.ts";
import { discreteLog } from "./discrete-log.ts";
import { power } from "./modular.ts";

test("discreteLog undoes a power", () => {
  for (const prime of [23n, 1009n, 2147483647n, 18446744073709551557n]) {
    const value = power(2n, 123_456_789n, prime);
    const found = discreteLog(2n, value, prime, new Budget());
    if (prime < 1n << 40n) assert.is(power(2n, found ?? 0n, prime), value);
  }
});

test.run();
