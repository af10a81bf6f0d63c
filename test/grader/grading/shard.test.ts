import { test } from "uvu";
import * as assert from "uvu/assert";
import { shardFromEnvironment, takeShard } from "./shard.ts";

test("takeShard gives each item to exactly one", () => {
  const list = Array.from({ length: 100 }, (_, index) => index);
  for (const total of [1, 2, 7, 100, 101]) {
    const parts = Array.from({ length: total }, (_, index) => takeShard(list, { index, total }));
    assert.equal(
      parts.flat().sort((a, b) => a - b),
      list,
    );
    const sizes = parts.map(({ length }) => length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
});

test("shardFromEnvironment takes numbers that make sense, and no others", () => {
  const read = (total?: string, index?: string) =>
    shardFromEnvironment({
      ...(total !== undefined && { TEST_TOTAL_SHARDS: total }),
      ...(index !== undefined && { TEST_SHARD_INDEX: index }),
    });
  assert.equal(read(), { index: 0, total: 1 });
  assert.equal(read("4", "3"), { index: 3, total: 4 });
  assert.throws(() => read("4"), /^TEST_TOTAL_SHARDS and TEST_SHARD_INDEX: expected both or neither$/);
  assert.throws(() => read(undefined, "0"), /expected both or neither/);
  assert.throws(() => read("4", "4"), /^TEST_SHARD_INDEX "4": expected a whole number from 0 to 3$/);
  for (const total of ["0", "-1", "1.5", "", "x", "1001", "1e3"])
    assert.throws(() => read(total, "0"), /^TEST_TOTAL_SHARDS ".*": expected a whole number from 1 to 1000$/);
});

test.run();
