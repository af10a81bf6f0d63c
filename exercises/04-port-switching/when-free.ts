/** How a client waits for a server that is busy. */
import { setTimeout } from "node:timers/promises";
import { isBusy, RETRY_SECONDS } from "../../lib/refusal.ts";

/**
 * Returns what `attempt` returns; makes another one after `RETRY_SECONDS`, as often as it takes, when the server is busy.
 *
 * @param onBusy is told the first time
 * @throws whatever else `attempt` throws
 */
export async function whenFree<T>(
  attempt: () => Promise<T>,
  onBusy: () => void,
  seconds = RETRY_SECONDS,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (tries === 0) onBusy();
      await setTimeout(seconds * 1000);
    }
  }
}
