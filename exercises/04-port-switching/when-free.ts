/** Retries while the server is busy. */
import { setTimeout } from "node:timers/promises";
import { isBusy, RETRY_SECONDS } from "../../lib/channel/refusal.ts";

/**
 * Returns the result of `attempt`. If the server is busy and `wait` is set, reports this once on
 * standard error, and retries every `seconds`.
 *
 * @throws any other error of `attempt`
 */
export async function whenFree<T>(
  attempt: () => Promise<T>,
  wait: boolean,
  { seconds = RETRY_SECONDS, say = console.error }: { seconds?: number; say?: (text: string) => void } = {},
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!wait || !isBusy(error)) throw error;
      if (tries === 0) say(`The server is busy: trying again every ${seconds} s, until Ctrl-C`);
      await setTimeout(seconds * 1000);
    }
  }
}
