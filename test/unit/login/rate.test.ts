import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rate } from "../../../exercises/06-login/rate.ts";

test("a second's units at once, then at the rate; names are apart", async () => {
  let now = 0;
  const waits: number[] = [];
  const rate = new Rate(
    10,
    () => now,
    async (seconds) => {
      waits.push(seconds);
    },
  );
  for (let index = 0; index < 10; index += 1) await rate.take("alice", 1);
  assert.equal(waits, []);
  await rate.take("alice", 1);
  await rate.take("alice", 5);
  await rate.take("bob", 10);
  assert.equal(waits, [0.1, 0.6]);
  now = 1600;
  await rate.take("alice", 10);
  assert.is(waits.length, 2);
  await rate.take("alice", 1);
  assert.equal(waits.slice(2), [0.1]);
});

test.run();
