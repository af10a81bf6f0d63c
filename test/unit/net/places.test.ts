import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Places } from "../../../lib/net/places.ts";

const STAGES = ["silent", "handshake", "login"] as const;
type Stage = (typeof STAGES)[number];

function setUp(limits: { total: number; perAddress: number }) {
  const dropped: string[] = [];
  const drop = (holder: string) => void dropped.push(holder);
  return { dropped, places: new Places<string, Stage>({ stages: STAGES, drop, ...limits }) };
}

test("Places: an address at its limit loses its own oldest, and no other address does", () => {
  const { places, dropped } = setUp({ total: 100, perAddress: 3 });
  places.take("other", "192.0.2.2");
  for (let index = 0; index < 5; index += 1) assert.ok(places.take(`flood ${index}`, "192.0.2.1"));
  assert.equal(dropped, ["flood 0", "flood 1"]);
  assert.equal([...places.holders], ["other", "flood 2", "flood 3", "flood 4"]);
});

test("Places: when all are taken, the address that has the most loses one", () => {
  const { places, dropped } = setUp({ total: 5, perAddress: 5 });
  places.take("other", "192.0.2.2");
  for (let index = 0; index < 4; index += 1) places.take(`greedy ${index}`, "192.0.2.1");
  for (let index = 3; index < 6; index += 1) assert.ok(places.take(`new ${index}`, `192.0.2.${index}`));
  assert.equal(dropped, ["greedy 0", "greedy 1", "greedy 2"]);
  // each has one: the oldest
  assert.ok(places.take("last", "192.0.2.6"));
  assert.is(dropped.at(-1), "other");
});

test("Places: addresses of one IPv6 network share its places", () => {
  const { places, dropped } = setUp({ total: 100, perAddress: 2 });
  for (let index = 0; index < 4; index += 1) places.take(`flood ${index}`, `2001:db8::${index}`);
  places.take("neighbour", "2001:db8:0:1::1");
  assert.equal(dropped, ["flood 0", "flood 1"]);
});

test("Places: the cheapest stage loses first, within an address and among all", () => {
  for (const addressOf of [() => "192.0.2.1", (index: number) => `192.0.2.${index}`]) {
    const { places, dropped } = setUp({ total: 3, perAddress: 3 });
    for (const [index, name] of ["login", "silent", "handshake"].entries())
      places.take(name, addressOf(index));
    places.move("login", "login");
    places.move("handshake", "handshake");
    assert.ok(places.take("new", addressOf(7)));
    assert.equal(dropped, ["silent"]);
    assert.ok(places.take("newer", addressOf(8)));
    assert.equal(dropped, ["silent", "new"]);
  }
});

test("Places: a stage that holds less than its share loses none, whatever the others do", () => {
  for (const flooded of STAGES) {
    const { places, dropped } = setUp({ total: 30, perAddress: 1000 });
    for (const stage of STAGES.filter((each) => each !== flooded))
      for (let index = 0; index < 9; index += 1) {
        places.take(`${stage} ${index}`, `192.0.2.${index}`);
        places.move(`${stage} ${index}`, stage);
      }
    // each flooding address has as many as the honest ones
    for (let index = 0; index < 500; index += 1) {
      places.take(`flood ${index}`, `198.51.100.${index % 100}`);
      places.move(`flood ${index}`, flooded);
    }
    assert.is(dropped.length, 500 + 18 - 30);
    assert.ok(dropped.every((name) => name.startsWith("flood")));
  }
});

test("Places: who enters a stage is the youngest there", () => {
  const { places, dropped } = setUp({ total: 2, perAddress: 2 });
  for (const name of ["first", "second"]) places.take(name, "192.0.2.1");
  places.move("second", "handshake");
  places.move("first", "handshake");
  // it is there already
  places.move("second", "handshake");
  // no newcomer stays silent here
  for (const name of ["third", "fourth"]) {
    places.take(name, "192.0.2.1");
    places.move(name, "handshake");
  }
  assert.equal(dropped, ["second", "first"]);
});

test("Places: settled holders stay; when all are, newcomers get none until one is not", () => {
  const { places, dropped } = setUp({ total: 2, perAddress: 2 });
  for (const name of ["alice", "bob"]) {
    places.take(name, "192.0.2.1");
    places.settle(name);
  }
  assert.not(places.take("new", "192.0.2.1"));
  assert.not(places.take("new", "192.0.2.2"));
  places.release("bob");
  assert.ok(places.take("new", "192.0.2.2"));
  assert.equal(dropped, []);
  places.settle("new");
  places.move("alice", "login");
  assert.ok(places.take("newer", "192.0.2.2"));
  assert.equal(dropped, ["alice"]);
});

test("Places: who has lost a place gets it back by no move", () => {
  const { places, dropped } = setUp({ total: 1, perAddress: 1 });
  places.take("old", "192.0.2.1");
  places.take("new", "192.0.2.1");
  places.move("old", "login");
  places.settle("old");
  assert.equal(dropped, ["old"]);
  assert.equal([...places.holders], ["new"]);
});

test("Places: limits hold, a newcomer gets in unless all are settled, and each loser is dropped once", async () => {
  const step = fc.record({
    action: fc.constantFrom("take", "take", "take", "move", "settle", "release"),
    address: fc.integer({ min: 1, max: 4 }),
    holder: fc.nat(60),
    stage: fc.constantFrom(...STAGES),
  });
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { places, dropped } = setUp({ total: 8, perAddress: 4 });
      const addresses = new Map<string, number>();
      const settled = new Set<string>();
      let taken = 0;
      for (const { action, address, holder, stage } of steps) {
        const name = `${holder % Math.max(1, taken)}`;
        const before = new Set(places.holders);
        const losses = dropped.length;
        if (action === "take") {
          const fresh = `${taken}`;
          const rivals = [...before].filter((each) => addresses.get(each) === address);
          const isFull =
            rivals.length === 4
              ? rivals.every((each) => settled.has(each))
              : [...before].length === 8 && [...before].every((each) => settled.has(each));
          assert.is(places.take(fresh, `192.0.2.${address}`), !isFull);
          addresses.set(fresh, address);
          taken += 1;
        } else if (action === "move") {
          places.move(name, stage);
          settled.delete(name);
        } else if (action === "settle") {
          places.settle(name);
          if (before.has(name)) settled.add(name);
        } else places.release(name);
        const now = [...places.holders];
        assert.ok(now.length <= 8);
        for (const each of [1, 2, 3, 4])
          assert.ok(now.filter((one) => addresses.get(one) === each).length <= 4);
        for (const loser of dropped.slice(losses))
          assert.ok(before.has(loser) && !settled.has(loser) && !now.includes(loser));
      }
      assert.is(new Set(dropped).size, dropped.length);
    }),
  );
});

test.run();
