import { test } from "uvu";
import * as assert from "uvu/assert";
import { awaitProgramBehind } from "./readiness.ts";

/** A box in which programs compute at some looks, and then no more. */
function boxWith(looks: boolean[]) {
  const box = { looks: 0, isComputing: () => looks[box.looks++] ?? false };
  return box;
}

test("awaitProgramBehind waits until nothing has computed for four looks", async () => {
  const box = boxWith([true, false, false, false, true, true]);
  await awaitProgramBehind({ relay: ["relay"] }, box);
  assert.is(box.looks, 10);
});

test("awaitProgramBehind does not wait without a relay", async () => {
  const box = boxWith([true]);
  await awaitProgramBehind({}, box);
  assert.is(box.looks, 0);
});

test.run();
