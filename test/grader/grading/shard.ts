/** One part of a list that several machines share. */
import process from "node:process";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";

const MAX_SHARDS = 1000;

export interface Shard {
  /** From 0. */
  index: number;
  total: number;
}

/**
 * Returns what TEST_TOTAL_SHARDS and TEST_SHARD_INDEX say; the whole where neither is set.
 *
 * @throws UsageError when one is missing, or they are not whole numbers of which the index, from 0, is below the total
 */
export function shardFromEnvironment(env: Partial<Record<string, string>> = process.env): Shard {
  const [total, index] = [env["TEST_TOTAL_SHARDS"], env["TEST_SHARD_INDEX"]];
  if (total === undefined && index === undefined) return { index: 0, total: 1 };
  if (total === undefined || index === undefined)
    throw new UsageError("TEST_TOTAL_SHARDS and TEST_SHARD_INDEX: expected both or neither");
  const parsedTotal = parse("TEST_TOTAL_SHARDS", total, 1, MAX_SHARDS);
  return { index: parse("TEST_SHARD_INDEX", index, 0, parsedTotal - 1), total: parsedTotal };
}

/** Returns every item of `list` that is this shard's: each belongs to exactly one, and no two shards differ by more than one item. */
export function takeShard<T>(list: readonly T[], { index, total }: Shard): T[] {
  return list.filter((_, place) => place % total === index);
}

function parse(name: string, text: string, lowest: number, highest: number): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= lowest && number <= highest) return number;
  throw new UsageError(`${name} ${quoted(text)}: expected a whole number from ${lowest} to ${highest}`);
}
