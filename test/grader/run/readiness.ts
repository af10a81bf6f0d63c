/** When a server can be used: whatever it is made of listens. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ProgramManifest } from "../manifest/manifest.ts";
import type { Machine } from "../sandbox/machine.ts";

/** Calm looks, and milliseconds after each; together longer than a pause in `commandOf`. */
const LOOKS = 4;
const PAUSE = 25;
/** Milliseconds after which a relay that computes all the time is used nevertheless. */
const PATIENCE = 5000;

/**
 * Waits for the program behind a relay, once that listens: until nothing in the box computes, as
 * programs do that still start. A server without a relay is ready when it listens.
 */
export async function awaitProgramBehind(
  { relay }: Pick<ProgramManifest, "relay">,
  machine: Pick<Machine, "isComputing">,
): Promise<void> {
  if (relay === undefined) return;
  const deadline = performance.now() + PATIENCE;
  for (let calm = 0; calm < LOOKS && performance.now() < deadline; ) {
    calm = machine.isComputing() ? 0 : calm + 1;
    await sleep(PAUSE);
  }
}
