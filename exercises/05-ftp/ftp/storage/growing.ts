/** The files that uploads let grow under their own names. */
import type { BigIntStats } from "node:fs";

/** The bytes counted for each; undefined for a new file, which is not counted yet. */
const growing = new Map<string, number | undefined>();

/** Returns an identifier of the file that is unique on the host. */
export function identify({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** @param counted bytes that the file had; undefined if it is new */
export function startGrowing(stats: BigIntStats, counted: number | undefined): void {
  growing.set(identify(stats), counted);
}

export function stopGrowing(stats: BigIntStats): void {
  growing.delete(identify(stats));
}

/** Reports whether an upload lets this file grow. */
export function isGrowing(stats: BigIntStats): boolean {
  return growing.has(identify(stats));
}

/**
 * Returns the bytes that the usage of the home includes for this file; undefined if it is not
 * counted yet. What an upload adds is claimed until it is settled.
 */
export function countedSize(stats: BigIntStats): number | undefined {
  return isGrowing(stats) ? growing.get(identify(stats)) : Number(stats.size);
}
