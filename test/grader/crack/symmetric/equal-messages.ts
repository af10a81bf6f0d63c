/**
 * Equal texts that give equal bytes, because there is no nonce or a constant one. An eavesdropper
 * sees that a text is repeated.
 *
 * At least three sessions are compared: with a text, with other texts, with the first text again.
 * Bytes that only the first and the last share come from the text: constants, keys and banners are
 * in all of them, and clocks do not go back.
 */
import type { Budget } from "../capture/budget.ts";
import { type Capture, placesOf, streamsOf } from "../capture/capture.ts";
import { isTelling, type Proof } from "../capture/proof.ts";

/** Consecutive equal bytes; random ones are equal with a probability of 2^-192. */
const MIN_RUN = 24;
const SHORT = 8;

export interface SharedRun {
  /** As captured in the last session. */
  bytes: Uint8Array;
  where: Proof["where"];
}

/** Finds bytes that only the two sessions with the same text share. */
export function findEqualMessages(
  same: readonly [Capture, Capture],
  others: readonly Capture[],
  budget: Budget,
): Proof[] {
  const run = longestSharedRun(same[0], same[1], others, budget);
  if (!run) return [];
  return [
    {
      kind: "equal messages",
      cipher: "equal texts are equal bytes",
      recovered: `the same ${run.bytes.length} bytes`,
      where: run.where,
      how: `Send the same text in two sessions, and other texts between them: only these two share ${run.bytes.length} bytes in a row.`,
      bits: 8 * run.bytes.length,
    },
  ];
}

/**
 * Returns the longest run of bytes that only the two sessions share, or undefined if it is short.
 */
export function longestSharedRun(
  first: Capture,
  last: Capture,
  others: readonly Capture[],
  budget: Budget,
): SharedRun | undefined {
  const shared = windowsOf(first, MIN_RUN, budget);
  // short windows, because one different byte would make a long one look new
  const foreign = new Set(others.flatMap((other) => [...windowsOf(other, SHORT, budget).keys()]));
  let best: SharedRun | undefined;
  for (const stream of streamsOf(last, 1)) {
    const { bytes } = stream;
    if ("file" in (stream.parts[0]?.place ?? {}) || !budget.spend(200 * bytes.length)) continue;
    let length = 0;
    for (let at = 0; at + MIN_RUN <= bytes.length + 1; at++) {
      const isNew =
        at + MIN_RUN <= bytes.length && isShared(bytes.subarray(at, at + MIN_RUN), shared, foreign);
      if (isNew) {
        length = length === 0 ? MIN_RUN : length + 1;
        continue;
      }
      const start = at - 1 - (length - MIN_RUN);
      const run = bytes.subarray(start, start + length);
      if (length > (best?.bytes.length ?? 0) && isTelling(run))
        best = { bytes: run, where: placesOf(stream, start, length) };
      length = 0;
    }
  }
  return best;
}

/** Says whether the first session contains `window`, and the others no part of it. */
function isShared(
  window: Uint8Array,
  shared: Map<number, Uint8Array>,
  foreign: ReadonlySet<number>,
): boolean {
  const seen = shared.get(hashOf(window));
  if (seen === undefined || !window.every((byte, index) => byte === seen[index])) return false;
  for (let at = 0; at + SHORT <= MIN_RUN; at++)
    if (foreign.has(hashOf(window.subarray(at, at + SHORT)))) return false;
  return true;
}

function windowsOf(capture: Capture, length: number, budget: Budget): Map<number, Uint8Array> {
  const windows = new Map<number, Uint8Array>();
  for (const { bytes, parts } of streamsOf(capture)) {
    if ("file" in (parts[0]?.place ?? {}) || !budget.spend(100 * bytes.length)) continue;
    for (let at = 0; at + length <= bytes.length; at++) {
      const window = bytes.subarray(at, at + length);
      windows.set(hashOf(window), window);
    }
  }
  return windows;
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash ^ byte, 0x01000193) + (hash >>> 15)) | 0;
  return hash;
}
