/** The messages that a turn may be made of: parts that could be repeated, left out, swapped or sent back by themselves. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { framings } from "../crack/decode/frames.ts";

const LINE_FEED = 0x0a;
/** Ways in which a turn may be taken apart that are tried at most. */
export const MAX_WAYS = 2;

/**
 * Returns where the last message of `turn` may begin: by lengths that add up, by lines, by the pieces in which it came; none when
 * it looks like one message.
 */
export function lastMessages({ bytes, pieces = [] }: { bytes: Bytes; pieces?: readonly number[] }): number[] {
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

export interface MessageRange {
  from: number;
  to: number;
}

/**
 * Returns the messages of `turn`, with the lengths before them or the line ends behind them; undefined when there are fewer than
 * `least`, in whatever way it is taken apart.
 */
export function messagesIn(turn: Bytes, least: number): MessageRange[] | undefined {
  const ends = framings(turn).map(({ frames }) => frames.map(({ from, span }) => from + span));
  if (turn.at(-1) === LINE_FEED)
    ends.push([...turn.keys()].filter((at) => turn[at] === LINE_FEED).map((at) => at + 1));
  return ends
    .map((all) => all.map((to, index) => ({ from: all[index - 1] ?? 0, to })))
    .find(({ length }) => length >= least);
}
