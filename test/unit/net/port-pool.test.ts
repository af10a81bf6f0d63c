import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { PortPool, parsePool } from "../../../lib/net/port-pool.ts";
import { rejects, throws } from "../../support/rejects.ts";

const opened = async (port: number) => `opened ${port}`;

async function lend(pool: PortPool): Promise<number | undefined> {
  return (await pool.lend(opened))?.port;
}

test("parsePool: first to last, both included", () => {
  assert.equal(parsePool("--pool", "10100-10103"), [10100, 10101, 10102, 10103]);
  assert.equal(parsePool("--pool", "7-7"), [7]);
  assert.equal(parsePool("--pool", "65535-65535"), [65535]);
  assert.is(parsePool("--pool", "1-1000").length, 1000);
});

for (const text of [
  ...["", "10100", "10100-", "-10109", "10109-10100", "0-5", "65530-65536", "1-1001", "1-65535"],
  ...["a-b", "10100-10109 ", "10100–10109", "10100-10109-10110", "10100,10101", "1e4-2e4", "+1-2", "-1-2"],
]) {
  test(`parsePool: ${JSON.stringify(text)} is a usage error that says what is expected`, () => {
    const stated = `--pool ${JSON.stringify(text)}: expected FIRST-LAST, such as 10100-10109, from 1 to 65535, at most 1000 ports`;
    throws(() => parsePool("--pool", text), stated);
    try {
      parsePool("--pool", text);
    } catch (error) {
      assert.ok(error instanceof UsageError);
    }
  });
}

test("parsePool: a pool that contains the main port is a usage error", () => {
  const stated = '--pool "10100-10109": expected ports other than --port 10109';
  throws(() => parsePool("--pool", "10100-10109", 10109), stated);
  assert.is(parsePool("--pool", "10100-10109", 10110).length, 10);
  assert.is(parsePool("--pool", "10100-10109", 10099).length, 10);
});

test("PortPool.lend: each port once, then none, then the one that was given back first", async () => {
  const pool = new PortPool([1, 2, 3]);
  assert.is(pool.free, 3);
  assert.equal(await pool.lend(opened), { port: 1, opened: "opened 1" });
  assert.equal([await lend(pool), await lend(pool)], [2, 3]);
  assert.is(pool.free, 0);
  assert.is(await lend(pool), undefined);
  pool.giveBack(2);
  pool.giveBack(1);
  assert.is(pool.free, 2);
  assert.equal([await lend(pool), await lend(pool), await lend(pool)], [2, 1, undefined]);
});

test("PortPool.lend: a port that was just given back waits behind all others", async () => {
  const pool = new PortPool([1, 2, 3]);
  await lend(pool);
  pool.giveBack(1);
  assert.equal([await lend(pool), await lend(pool), await lend(pool)], [2, 3, 1]);
});

test("PortPool.lend: many at once get a port each, and no port goes twice", async () => {
  const pool = new PortPool([1, 2, 3, 4]);
  const lent = await Promise.all(Array.from({ length: 6 }, () => lend(pool)));
  assert.equal(
    lent.filter((port) => port !== undefined).sort((a, b) => a - b),
    [1, 2, 3, 4],
  );
});

test("PortPool.lend: a port that cannot be opened is passed over, told of once, and tried again last", async () => {
  const told: number[] = [];
  const pool = new PortPool([1, 2, 3], (port) => told.push(port));
  const held = new Set([1]);
  const tried: number[] = [];
  const open = async (port: number) => {
    tried.push(port);
    if (held.has(port)) throw new Error("in use by another program");
  };
  assert.is((await pool.lend(open))?.port, 2);
  assert.is((await pool.lend(open))?.port, 3);
  assert.equal(tried, [1, 2, 3]);
  assert.is(await pool.lend(open), undefined);
  assert.is(pool.free, 1);
  assert.equal(tried, [1, 2, 3, 1]);
  assert.equal(told, [1]);

  held.clear();
  assert.is((await pool.lend(open))?.port, 1);
  pool.giveBack(1);
  held.add(1);
  assert.is(await pool.lend(open), undefined);
  assert.equal(told, [1, 1]);
});

test("PortPool.lend: when all are held, each is tried once and nothing is lost", async () => {
  const pool = new PortPool([1, 2, 3]);
  const tried: number[] = [];
  const lent = await pool.lend(async (port) => {
    tried.push(port);
    throw new Error("held");
  });
  assert.is(lent, undefined);
  assert.equal(tried, [1, 2, 3]);
  assert.is(pool.free, 3);
});

test("PortPool.lend: a mistake of ours is no held port, and loses none", async () => {
  const pool = new PortPool([1, 2]);
  const broken = pool.lend(async () => {
    throw new TypeError("a mistake");
  });
  await rejects(broken, "a mistake");
  assert.is(pool.free, 2);
});

test("PortPool.giveBack: only what is lent, and once", async () => {
  const pool = new PortPool([1]);
  throws(() => pool.giveBack(1), "port 1 is not lent");
  await lend(pool);
  throws(() => pool.giveBack(2), "port 2 is not lent");
  pool.giveBack(1);
  throws(() => pool.giveBack(1), "port 1 is not lent");
  assert.is(pool.free, 1);
});

test.run();
