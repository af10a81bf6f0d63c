import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { ModifiedTurn } from "../../attacks/modify-turn.ts";
import type { Turn } from "../../model/turn.ts";
import { isQuick, planTampering, type Tampering } from "./plan.ts";

const prepared = { random: (_: string, length: number) => new Uint8Array(length).fill(100) };
const PARTS = 5;

function turnOf(...pieces: Bytes[]): Turn {
  return {
    connection: 1,
    direction: "client to server",
    ordinal: 1,
    line: 1,
    bytes: concat(pieces),
    pieces: pieces.map(({ length }) => length),
    from: 0,
    to: 0,
    pause: 0,
  };
}

function plan(message: Turn, long?: Turn): Tampering[] {
  const baseline = { turns: { message, reply: undefined }, first: { turns: [message] } };
  return planTampering(prepared, baseline, long && { turns: [long], times: { message: 1, reply: 0 } });
}

/** Returns where the attacks named `flip` change the turn. */
async function flipsOf(turn: Turn): Promise<number[]> {
  const flips = plan(turn).filter(({ name }) => name.startsWith("flip"));
  return Promise.all(
    flips.map(async ({ alter }) => (await alter(turn.bytes, new ModifiedTurn(turn, alter))).offset),
  );
}

test("planTampering flips a bit in each part of a turn once, and at the start of each field", async () => {
  const field = new Uint8Array(40).fill(7);
  const [plain, fields] = [
    turnOf(new Uint8Array(200)),
    turnOf(new Uint8Array(80), field, new Uint8Array(80)),
  ];
  const parts = (offsets: number[]) => offsets.map((at) => Math.floor((at * PARTS) / 200)).toSorted();
  assert.equal(parts(await flipsOf(plain)), [0, 1, 2, 3, 4]);
  const offsets = await flipsOf(fields);
  assert.equal(parts(offsets), [0, 1, 2, 2, 3, 4]);
  for (const start of [0, 80, 120]) assert.ok(offsets.some((at) => at > start && at < start + 12));
});

test("planTampering has an attack of each kind for a quick grading, wherever fields begin", () => {
  for (const start of [0, 70, 90, 110]) {
    const turn = turnOf(new Uint8Array(start), new Uint8Array(30).fill(7), new Uint8Array(200 - start));
    const quick = plan(turn).filter(isQuick);
    assert.equal(
      quick.map(({ name }) => name),
      ["flip 3", "cut", "drop", "duplicate"],
    );
  }
});

test("planTampering swaps blocks of the largest size that a turn may consist of", () => {
  const sizes = (length: number) =>
    plan(turnOf(new Uint8Array(100)), turnOf(new Uint8Array(100 + length)))
      .map(({ name }) => /^swap blocks of (\d+)$/.exec(name)?.[1])
      .filter((size) => size !== undefined);
  assert.equal(sizes(512 * 5), ["512"]);
  assert.equal(sizes(256 * 5), ["256"]);
  assert.equal(sizes(384 * 5), ["384"]);
  assert.equal(sizes(1000), []);
});

test.run();
