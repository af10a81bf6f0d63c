import * as assert from "uvu/assert";

/** Fails unless `promise` rejects with an `Error` whose message is, or matches, `expected`. */
export async function rejects(promise: Promise<unknown>, expected: RegExp | string): Promise<void> {
  let error: unknown = "no error";
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  check(error, expected);
}

/**
 * Fails unless `run` throws an `Error` whose message is, or matches, `expected`.
 *
 * The `throws` of uvu takes a string for what to say when it fails, and then any error will do.
 */
export function throws(run: () => unknown, expected: RegExp | string): void {
  let error: unknown = "no error";
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  check(error, expected);
}

function check(error: unknown, expected: RegExp | string): void {
  const message = error instanceof Error ? error.message : `(not an Error) ${error}`;
  if (typeof expected === "string") assert.is(message, expected);
  else assert.match(message, expected);
}
