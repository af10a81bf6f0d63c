/** What uvu lacks: an assertion that a promise is rejected. */
import * as assert from "uvu/assert";

/** Checks that `promise` is rejected with an Error whose message matches, or contains, `expected`. */
export async function rejects(promise: Promise<unknown>, expected: RegExp | string): Promise<void> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) assert.unreachable(`expected a rejection with ${expected}`);
  else if (typeof expected === "string") assert.ok(outcome.message.includes(expected), outcome.message);
  else assert.match(outcome.message, expected);
}
