import { test } from "uvu";
import * as assert from "uvu/assert";
import { PassivePorts, PORT_WAIT } from "../../../exercises/05-ftp/ftp/server/passive-ports.ts";
import { PortPool } from "../../../lib/net/port-pool.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";

const never = new AbortController().signal;

/** The ports from 1 to `count`; `take` adds what `user` gets to `taken`, in order. */
function setUp(count: number) {
  const ports = new PassivePorts(new PortPool(Array.from({ length: count }, (_, index) => index + 1)));
  const taken: [user: string, port: number | undefined][] = [];
  const take = async (user: string, signal = never) => {
    const lending = ports.lend(user, async (port) => port, signal);
    void lending.then((lent) => taken.push([user, lent?.port]));
    await settle();
  };
  const countOf = (user: string) => taken.filter(([who, port]) => who === user && port !== undefined).length;
  return { ports, taken, take, countOf };
}

test.before.each(stopClock);
test.after.each(releaseClock);

test("PassivePorts: one user leaves half of the ports to others, and several leave some to the next", async () => {
  const { take, countOf } = setUp(64);
  for (const [user, share] of [
    ["alice", 32],
    ["bob", 16],
    ["carol", 8],
    ["dave", 4],
    ["erin", 2],
    ["frank", 1],
    ["grace", 1],
  ] as const) {
    for (let session = 0; session < 40; session += 1) await take(user);
    assert.is(countOf(user), share, user);
  }
});

test("PassivePorts: a single port can be had", async () => {
  const { take, taken } = setUp(1);
  await take("alice");
  assert.equal(taken, [["alice", 1]]);
});

test("PassivePorts: who finds none waits a moment; one that is returned goes to the user with the fewest", async () => {
  const { ports, take, taken } = setUp(4);
  for (const user of ["alice", "alice", "bob", "bob", "alice", "carol", "carol"]) await take(user);
  assert.equal(taken, [
    ["alice", 1],
    ["alice", 2],
    ["bob", 3],
    ["carol", 4],
  ]);
  ports.giveBack("alice", 1);
  await settle();
  assert.equal(taken.splice(4), []);
  ports.giveBack("alice", 2);
  await settle();
  assert.equal(taken.splice(4), [["alice", 1]]);
  passTime(PORT_WAIT);
  await settle();
  assert.equal(taken.splice(4).sort(), [
    ["bob", undefined],
    ["carol", undefined],
  ]);
});

test("PassivePorts: a session that ends waits no longer, and gets nothing later", async () => {
  const { ports, take, taken } = setUp(1);
  const gone = new AbortController();
  await take("alice");
  await take("bob", gone.signal);
  await take("carol");
  gone.abort();
  await settle();
  assert.equal(taken.splice(1), [["bob", undefined]]);
  ports.giveBack("alice", 1);
  await settle();
  assert.equal(taken.splice(1), [["carol", 1]]);
});

test("PassivePorts: a port that cannot be opened counts for no one", async () => {
  const { ports, take, taken } = setUp(2);
  for (let round = 0; round < 3; round += 1)
    await rejects(
      ports.lend("alice", async () => Promise.reject(new TypeError("broken")), never),
      /^broken$/,
    );
  await take("alice");
  assert.is(taken.length, 1);
});

test.run();
