/** Makes the turns of an exchange come in the same order each time, where both sides begin to talk at once. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Tap } from "../model/tap.ts";

/** How long a server that speaks first must wait for the client to do so, in milliseconds. */
const PATIENCE = 60;
const STEP = 5;

/** Wraps `tap` so that of two who speak at once, the client goes first; a server that really speaks first is only delayed. */
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
