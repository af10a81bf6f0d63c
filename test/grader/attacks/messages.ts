/** The messages within a turn: parts that an attack could repeat, drop, swap or send back. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { framings } from "../crack/decode/frames.ts";

const LINE_FEED = 0x0a;
/** Ways to split a turn that are tried at most. */
const MAX_WAYS = 2;

/** Offsets in a turn: the first byte, and the one after the last. */
export interface MessageRange {
  from: number;
  to: number;
}

/**
 * Returns where the last message of a turn may begin: by lengths that add up, by lines, or by the
 * pieces in which the turn came. Empty if the turn looks like one message.
 */
export function lastMessages({ bytes, pieces = [] }: { bytes: Bytes; pieces?: readonly number[] }): number[] {
  const starts = new Set<number>();
  for (const { frames } of framings(bytes)) {
    // the header of a frame follows the frame before it
    const before = frames.at(-2);
    if (before) starts.add(before.from + before.span);
  }
  if (bytes.at(-1) === LINE_FEED) starts.add(bytes.lastIndexOf(LINE_FEED, bytes.length - 2) + 1);
  const last = pieces.at(-1) ?? 0;
  starts.add(bytes.length - last);
  return [...starts].filter((start) => start > 0 && start < bytes.length).slice(0, MAX_WAYS);
}

/**
 * Returns the messages of `turn`, including the length before each or the line end after it;
 * undefined if no way to split the turn gives `least` messages.
 */
export function messagesIn(turn: Bytes, least: number): MessageRange[] | undefined {
  const ends = framings(turn).map(({ frames }) => frames.map(({ from, span }) => from + span));
  if (turn.at(-1) === LINE_FEED)
    ends.push([...turn.keys()].filter((at) => turn[at] === LINE_FEED).map((at) => at + 1));
  return ends
    .map((all) => all.map((to, index) => ({ from: all[index - 1] ?? 0, to })))
    .find(({ length }) => length >= least);
}
