/**
 * Waits for all, also when one has failed: no exchange may still copy folders when the grading is over.
 *
 * @throws what the first of them that failed threw
 */
export async function allOf(runs: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(runs);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
