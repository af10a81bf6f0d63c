import * as assert from "uvu/assert";

/** Fails unless `promise` rejects with an `Error` whose message is, or matches, `expected`. */
export async function rejects(promise: Promise<unknown>, expected: RegExp | string): Promise<void> {
  let outcome: unknown;
  try {
    outcome = { resolvedWith: await promise };
  } catch (error) {
    outcome = error;
  }
  if (!(outcome instanceof Error))
    return assert.unreachable(`expected an Error, got ${String(JSON.stringify(outcome))}`);
  if (typeof expected === "string") assert.is(outcome.message, expected);
  else assert.match(outcome.message, expected);
}
