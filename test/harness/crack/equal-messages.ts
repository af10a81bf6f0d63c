/**
 * The same text gives the same bytes: no nonce, or always the same. An eavesdropper sees when something is said again, and may try guesses.
 *
 * Three sessions are compared: the same text, another text, the same text again. What the first and the last share, and the one between does not have,
 * comes from the text: constants, keys and banners are in all three, and time does not go back.
 */
import type { Budget } from "./budget.ts";
import { type Capture, placesOf, streamsOf } from "./capture.ts";
import { isTelling, type Proof } from "./proof.ts";

/** Bytes in a row; a random run of that length is a matter of 2^-192. */
const MIN_RUN = 24;

export interface SharedRun {
  /** In the last session. */
  bytes: Uint8Array;
  where: Proof["where"];
}

/** Finds what the sessions with the same text share, and the one with another text between them does not have. */
export function findEqualMessages(
  same: readonly [Capture, Capture],
  other: Capture,
  budget: Budget,
): Proof[] {
  const foreign = windowsOf(other, 2, budget);
  const run = longestShared(windowsOf(same[0], 0, budget), same[1], (hash) => foreign.has(hash), budget);
  if (!run) return [];
  return [
    {
      kind: "equal messages",
      cipher: "equal texts are equal bytes",
      recovered: `the same ${run.bytes.length} bytes`,
      where: run.where,
      how: `Let the same text be sent in two sessions, and another one between them: ${run.bytes.length} bytes in a row are the same in the two, and not in the third.`,
      bits: 8 * run.bytes.length,
    },
  ];
}

/**
 * Returns the longest run that two sessions share, and of which no part is in `known`, such as public keys: a fact for a check to judge, no proof.
 */
export function longestSharedRun(
  a: Capture,
  b: Capture,
  known: readonly Uint8Array[],
  budget: Budget,
): SharedRun | undefined {
  const pieces = known.map((bytes) => ({
    connection: 1,
    direction: "client to server" as const,
    at: 0,
    bytes: new Uint8Array(bytes),
  }));
  const skipped = windowsOf({ pieces, files: [] }, 0, budget);
  return longestShared(windowsOf(a, 0, budget), b, (hash) => skipped.has(hash), budget);
}

function longestShared(
  first: Map<number, Uint8Array>,
  last: Capture,
  isExcluded: (hash: number) => boolean,
  budget: Budget,
): SharedRun | undefined {
  let best: SharedRun | undefined;
  for (const stream of streamsOf(last, 1)) {
    if ("file" in (stream.parts[0]?.place ?? {}) || !budget.spend(100 * stream.bytes.length)) continue;
    let start = -1;
    for (let at = 0; at + MIN_RUN <= stream.bytes.length + 1; at++) {
      const window = stream.bytes.subarray(at, at + MIN_RUN);
      const hash = window.length === MIN_RUN ? hashOf(window) : 0;
      const seen = window.length === MIN_RUN ? first.get(hash) : undefined;
      const isShared =
        seen !== undefined && !isExcluded(hash) && window.every((byte, index) => byte === seen[index]);
      if (isShared && start === -1) start = at;
      if (isShared || start === -1) continue;
      const bytes = stream.bytes.subarray(start, at - 1 + MIN_RUN);
      if (isTelling(bytes) && (!best || bytes.length > best.bytes.length))
        best = { bytes, where: placesOf(stream, start, bytes.length) };
      start = -1;
    }
  }
  return best;
}

function windowsOf(capture: Capture, session: number, budget: Budget): Map<number, Uint8Array> {
  const windows = new Map<number, Uint8Array>();
  for (const { bytes, parts } of streamsOf(capture, session)) {
    if ("file" in (parts[0]?.place ?? {}) || !budget.spend(100 * bytes.length)) continue;
    for (let at = 0; at + MIN_RUN <= bytes.length; at++) {
      const window = bytes.subarray(at, at + MIN_RUN);
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
