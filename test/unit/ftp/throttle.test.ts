import { test } from "uvu";
import * as assert from "uvu/assert";
import { Throttle } from "../../../exercises/05-ftp/ftp/server/access-verbs.ts";

test("Throttle: each failure of an address costs twice the last, up to sixteen times the first", () => {
  const throttle = new Throttle(2);
  assert.equal(
    [1, 2, 3, 4, 5, 6, 7].map(() => throttle.fail("a")),
    [2, 4, 8, 16, 32, 32, 32],
  );
  assert.is(throttle.fail("b"), 2);
});

test("Throttle forgets an address that has not failed for ten minutes", () => {
  let now = 0;
  const throttle = new Throttle(1, () => now);
  assert.equal([throttle.fail("a"), throttle.fail("a")], [1, 2]);
  now = 599_999;
  assert.is(throttle.fail("a"), 4);
  now += 600_000;
  assert.is(throttle.fail("a"), 1);
});

test("Throttle remembers a limited number of addresses, and forgets the one that failed longest ago", () => {
  const throttle = new Throttle(1, () => 0);
  throttle.fail("first");
  throttle.fail("second");
  throttle.fail("first");
  for (let index = 0; index < 9999; index += 1) throttle.fail(String(index));
  assert.is(throttle.fail("first"), 4);
  assert.is(throttle.fail("second"), 1);
});

test.run();
