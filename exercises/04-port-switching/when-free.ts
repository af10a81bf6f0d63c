/** How a client waits for a server that is busy. */
import { setTimeout } from "node:timers/promises";
import { isBusy, RETRY_SECONDS } from "../../lib/channel/refusal.ts";

/**
 * Returns what `attempt` returns. When the server is busy and we `wait`, says so once on standard error, and makes another
 * attempt every `seconds`, as often as it takes.
 *
 * @throws whatever `attempt` throws otherwise
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
