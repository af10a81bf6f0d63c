import { test } from "uvu";
import * as assert from "uvu/assert";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { rejects } from "../../support/rejects.ts";

test("Semaphore.run: at most so many at a time, the newest first, each with its own outcome", async () => {
  const semaphore = new Semaphore(2, 8);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const task = async (index: number) => {
    order.push(index);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (index === 3) throw new Error("the fourth fails");
    return index;
  };
  const runs = Array.from({ length: 10 }, (_, index) => semaphore.run(() => task(index)));
  await rejects(runs[3] ?? Promise.resolve(), /the fourth fails/);
  const outcomes = await Promise.allSettled(runs);
  assert.is(most, 2);
  assert.equal(order, [0, 1, 9, 8, 7, 6, 5, 4, 3, 2]);
  assert.is(outcomes.filter(({ status }) => status === "fulfilled").length, 9);
});

test("Semaphore.run: lets the event loop turn between two tasks, even when they never wait", async () => {
  const semaphore = new Semaphore(1, 4);
  let turns = 0;
  let counting = true;
  const count = () => {
    turns += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 5 }, () => semaphore.run(async () => {})));
  counting = false;
  assert.ok(turns >= 4, `${turns} turns`);
});

test("Semaphore.run: when too many wait, the oldest is rejected", async () => {
  const semaphore = new Semaphore(1, 2);
  const runs = Array.from({ length: 4 }, (_, index) => semaphore.run(async () => index));
  await rejects(runs[1] ?? Promise.resolve(), /^rejected: the queue is full$/);
  assert.equal(await Promise.all([runs[0], runs[2], runs[3]]), [0, 2, 3]);
});

test("Semaphore.run: without a capacity, in order of arrival, all of them", async () => {
  const semaphore = new Semaphore(1);
  const order: number[] = [];
  await Promise.all(Array.from({ length: 100 }, (_, index) => semaphore.run(async () => order.push(index))));
  assert.equal(order, [...Array(100).keys()]);
});

test.run();
