import { test } from "uvu";
import * as assert from "uvu/assert";
import { whenFree } from "../../../exercises/04-port-switching/when-free.ts";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { BUSY, refusalError } from "../../../lib/channel/refusal.ts";
import { rejects } from "../../support/rejects.ts";

const busy = () => refusalError("the server refuses us", encodeUtf8(BUSY));

/** Fails with each of `errors` in turn, then succeeds. */
function attempts(...errors: Error[]): { attempt: () => Promise<string>; count: () => number } {
  let count = 0;
  const attempt = async () => {
    const error = errors[count];
    count += 1;
    if (error) throw error;
    return "in";
  };
  return { attempt, count: () => count };
}

test("whenFree: tries again as long as the server is busy, and says so once", async () => {
  const { attempt, count } = attempts(busy(), busy(), busy());
  const told: string[] = [];
  const start = performance.now();
  assert.is(await whenFree(attempt, true, { seconds: 0.03, say: (line) => told.push(line) }), "in");
  assert.is(count(), 4);
  assert.equal(told, ["The server is busy: trying again every 0.03 s, until Ctrl-C"]);
  // timers may be a millisecond early
  assert.ok(performance.now() - start >= 85);
});

test("whenFree: a server that is not busy is not waited for", async () => {
  const { attempt, count } = attempts();
  assert.is(await whenFree(attempt, true, { say: assert.unreachable }), "in");
  assert.is(count(), 1);
});

test("whenFree: another refusal, even one that reads alike, ends it at once", async () => {
  const { attempt, count } = attempts(busy(), new Error(`the server refuses us: ${BUSY}`));
  await rejects(whenFree(attempt, true, { seconds: 0, say: () => {} }), `the server refuses us: ${BUSY}`);
  assert.is(count(), 2);
});

test("whenFree: without waiting, busy is an error like any other", async () => {
  const { attempt, count } = attempts(busy());
  const refused = whenFree(attempt, false, { say: assert.unreachable });
  await rejects(refused, `the server refuses us: ${BUSY}`);
  assert.is(count(), 1);
});

test.run();
