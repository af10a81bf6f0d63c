/** Gives the turns of an exchange the same order each time, even if both sides speak at once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Tap } from "../model/tap.ts";

/** Milliseconds for which a server that speaks first is held back. */
const PATIENCE = 60;
const STEP = 5;

/** Wraps `tap` so that the client's first bytes pass before the server's, if both come soon. */
export function clientFirst(tap: Tap): Tap {
  const spoken = new Set<number>();
  return {
    keepPortsOpen: tap.keepPortsOpen ?? false,
    ...(tap.onConnect && { onConnect: (connection) => tap.onConnect?.(connection) ?? "relay" }),
    ...(tap.onEnd && { onEnd: (connection, direction) => tap.onEnd?.(connection, direction) ?? true }),
    async onData(connection, direction, bytes) {
      if (direction === "client to server") spoken.add(connection.id);
      for (let waited = 0; waited < PATIENCE && !spoken.has(connection.id); waited += STEP) await sleep(STEP);
      spoken.add(connection.id);
      return tap.onData ? tap.onData(connection, direction, bytes) : bytes;
    },
  };
}
