import { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Turns } from "../../../lib/async/turns.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";

/** Returns a connection that stays open in one direction after its end, as our sockets do. */
const connect = () => new PassThrough({ autoDestroy: false });
/** The peer of the tasks that do not lose theirs. */
const peer = new PassThrough().setMaxListeners(100);
const GONE = "the peer has gone before its turn came";

test("Turns.run: at most so many at a time, source by source, each with its own outcome", async () => {
  const turns = new Turns(2, 8);
  let running = 0;
  let most = 0;
  const order: string[] = [];
  const task = async (name: string) => {
    order.push(name);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (name === "a2") throw new Error("this one fails");
    return name;
  };
  const names = ["a1", "a2", "a3", "a4", "a5", "b1", "c1"];
  const runs = names.map((name) => turns.run(name.slice(0, 1), () => task(name), peer));
  await rejects(runs[1] ?? Promise.resolve(), /this one fails/);
  const outcomes = await Promise.allSettled(runs);
  assert.is(most, 2);
  assert.equal(order, ["a1", "a2", "a5", "b1", "c1", "a4", "a3"]);
  assert.is(outcomes.filter(({ status }) => status === "fulfilled").length, 6);
});

test("Turns.run: a task whose peer has gone waits no longer, and takes no turn", async () => {
  const turns = new Turns(1, 8);
  const connections = [connect(), connect(), connect()] as const;
  const [closed, ended, open] = connections;
  const started: string[] = [];
  const task = (name: string) => async () => void started.push(name);
  let finish = () => {};
  const blocked = turns.run("a", () => new Promise<void>((resolve) => (finish = resolve)), peer);
  const waiting = connections.map((connection, index) =>
    turns.run(`${index % 2}`, task(`${index}`), connection),
  );
  const listeners = () => open.listenerCount("close") + open.listenerCount("end");
  const whileWaiting = listeners();
  closed.destroy();
  ended.resume().end();
  for (const gone of waiting.slice(0, 2)) await rejects(gone, GONE);
  finish();
  await Promise.all([blocked, waiting[2]]);
  assert.equal(started, ["2"]);
  assert.is(listeners(), whileWaiting - 2);
  // the place of a task that has left is free
  await turns.run("a", task("next"), peer);
  assert.equal(started, ["2", "next"]);
});

test("Turns.run: a task whose peer has gone already does not start, with a free turn or without", async () => {
  const turns = new Turns(1, 8);
  const gone = new PassThrough().destroy();
  const fail = async () => assert.unreachable();
  let finish = () => {};
  const blocked = turns.run("a", () => new Promise<void>((resolve) => (finish = resolve)), peer);
  await rejects(turns.run("a", fail, gone), GONE);
  finish();
  await blocked;
  await settle();
  await rejects(turns.run("a", fail, gone), GONE);
});

test("Turns.run: lets the event loop turn between two tasks, even when they never wait", async () => {
  const turns = new Turns(1, 8);
  let seen = 0;
  let counting = true;
  const count = () => {
    seen += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 5 }, () => turns.run("a", async () => {}, peer)));
  counting = false;
  assert.ok(seen >= 4, `${seen} turns`);
});

for (const [connections, seen] of [
  [5, 5],
  [1000, 34],
] as const)
  test(`Turns.accept: of ${connections} connections in a row, ${seen} are accepted before the next task`, async () => {
    const turns = new Turns(1, 8);
    let accepted = 0;
    // one in each turn of the event loop, as Node does
    const accept = () => {
      accepted += 1;
      turns.accept();
      if (accepted < connections) setImmediate(accept);
    };
    const started = ["first", "second"].map((name) =>
      turns.run(
        "a",
        async () => {
          if (name === "first") accept();
          return accepted;
        },
        peer,
      ),
    );
    assert.equal(await Promise.all(started), [1, seen]);
    while (accepted < connections) await new Promise((resolve) => setImmediate(resolve));
  });

test("Turns.run: when too many of a source wait, its oldest is rejected", async () => {
  const turns = new Turns(1, 2);
  const runs = ["a0", "a1", "a2", "b1", "a3"].map((name) =>
    turns.run(name.slice(0, 1), async () => name, peer),
  );
  await rejects(runs[1] ?? Promise.resolve(), /^rejected: too many others from its address are waiting$/);
  assert.equal(await Promise.all([runs[0], runs[2], runs[3], runs[4]]), ["a0", "a2", "b1", "a3"]);
});

test("Turns.know: a known source does not wait for many unknown ones", async () => {
  const turns = new Turns(1, 2);
  turns.know("known");
  const order: string[] = [];
  const sources = [...Array.from({ length: 20 }, (_, index) => `stranger ${index}`), "known"];
  await Promise.all(sources.map((source) => turns.run(source, async () => order.push(source), peer)));
  assert.equal(order.slice(0, 3), ["stranger 0", "stranger 1", "known"]);
});

test.run();
