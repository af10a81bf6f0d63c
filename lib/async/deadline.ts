/** A limit on the time that work may take. */

/**
 * Returns the outcome of `work`, and calls `onLate` when that takes longer than `seconds`.
 *
 * Only `onLate` can end the work, for example by destroying the connection that it waits for.
 */
export async function withDeadline<T>(work: Promise<T>, seconds: number, onLate: () => void): Promise<T> {
  const timer = setTimeout(onLate, seconds * 1000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
