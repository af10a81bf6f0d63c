/**
 * The same text gives the same bytes: no nonce, or always the same. An eavesdropper sees when something is said again, and may try guesses.
 *
 * Three sessions or more are compared: the same text, other texts, the same text again. What the first and the last share, and those between have nothing of,
 * comes from the text: constants, keys and banners are in all three, and time does not go back.
 */
import type { Budget } from "../capture/budget.ts";
import { type Capture, placesOf, streamsOf } from "../capture/capture.ts";
import { isTelling, type Proof } from "../capture/proof.ts";

/** Bytes in a row; a random run of that length is a matter of 2^-192. */
const MIN_RUN = 24;
const SHORT = 8;

export interface SharedRun {
  /** In the last session. */
  bytes: Uint8Array;
  where: Proof["where"];
}

/** Finds what the sessions with the same text share, and none of those with other texts between them has. */
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
      how: `Let the same text be sent in two sessions, and others between them: ${run.bytes.length} bytes in a row are the same in the two, and in no other.`,
      bits: 8 * run.bytes.length,
    },
  ];
}

/** Returns the longest run of bytes that two sessions share, and of which the others have nothing; undefined when it is short. */
export function longestSharedRun(
  first: Capture,
  last: Capture,
  others: readonly Capture[],
  budget: Budget,
): SharedRun | undefined {
  const shared = windowsOf(first, MIN_RUN, budget);
  // one byte that chance changed makes a window new, though its neighbours are not: so these are short
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

/** Says whether all of `window` is in the first session, and nothing of it in the others. */
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
