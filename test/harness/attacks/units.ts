/** Where the last of several messages in a turn begins: a part that could be repeated, left out or sent back by itself. */
import type { Bytes } from "../../../lib/bytes.ts";
import { framings } from "../crack/frames.ts";

const LINE_FEED = 0x0a;
/** Ways in which a turn may be taken apart that are tried at most. */
export const MAX_WAYS = 2;

/**
 * Returns where the last message of `turn` may begin: by lengths that add up, by lines, by the pieces in which it came; none when
 * it looks like one message.
 */
export function lastUnits({ bytes, pieces = [] }: { bytes: Bytes; pieces?: readonly number[] }): number[] {
  const starts = new Set<number>();
  for (const { frames } of framings(bytes)) {
    // the header of a frame stands behind the frame before
    const before = frames.at(-2);
    if (before) starts.add(before.from + before.span);
  }
  if (bytes.at(-1) === LINE_FEED) starts.add(bytes.lastIndexOf(LINE_FEED, bytes.length - 2) + 1);
  const last = pieces.at(-1) ?? 0;
  starts.add(bytes.length - last);
  return [...starts].filter((start) => start > 0 && start < bytes.length).slice(0, MAX_WAYS);
}
