/** The part of a list that one of several machines works on. */
import process from "node:process";
import { quoted } from "../../../lib/bytes/printable.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";

const MAX_SHARDS = 1000;

export interface Shard {
  /** Counted from 0. */
  index: number;
  total: number;
}

/**
 * Returns the shard that TEST_TOTAL_SHARDS and TEST_SHARD_INDEX name; the whole if neither is set.
 *
 * @throws UsageError if one is missing, or they are not whole numbers, or the index is not below
 *   the total
 */
export function shardFromEnvironment(env: Partial<Record<string, string>> = process.env): Shard {
  const [total, index] = [env["TEST_TOTAL_SHARDS"], env["TEST_SHARD_INDEX"]];
  if (total === undefined && index === undefined) return { index: 0, total: 1 };
  if (total === undefined || index === undefined)
    throw new UsageError("TEST_TOTAL_SHARDS and TEST_SHARD_INDEX: expected both or neither");
  const parsedTotal = parse("TEST_TOTAL_SHARDS", total, 1, MAX_SHARDS);
  return { index: parse("TEST_SHARD_INDEX", index, 0, parsedTotal - 1), total: parsedTotal };
}

/**
 * Returns this shard's items: each item is in exactly one shard, and sizes differ by one at most.
 */
export function takeShard<T>(list: readonly T[], { index, total }: Shard): T[] {
  return list.filter((_, place) => place % total === index);
}

function parse(name: string, text: string, lowest: number, highest: number): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= lowest && number <= highest) return number;
  throw new UsageError(`${name} ${quoted(text)}: expected a whole number from ${lowest} to ${highest}`);
}
