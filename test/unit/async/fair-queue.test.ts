import { test } from "uvu";
import * as assert from "uvu/assert";
import { FairQueue } from "../../../lib/async/fair-queue.ts";

function drain(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

test("FairQueue: sources take turns, whatever each has sent, and the newest of each comes first", () => {
  const queue = new FairQueue<string>(8);
  for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) queue.push(item.slice(0, 1), item);
  assert.equal(drain(queue), ["a3", "b1", "c2", "a2", "c1", "a1"]);
  assert.is(queue.shift(), undefined);
});

test("FairQueue: a source that had its turn goes behind those that wait", () => {
  const queue = new FairQueue<string>(8);
  queue.push("a", "a1");
  queue.push("a", "a2");
  queue.push("b", "b1");
  assert.is(queue.shift(), "a2");
  queue.push("a", "a3");
  queue.push("c", "c1");
  assert.equal(drain(queue), ["b1", "a3", "c1", "a1"]);
});

test("FairQueue.push: when a line is full, its oldest item gives way", () => {
  const queue = new FairQueue<string>(2);
  assert.is(queue.push("a", "a1"), undefined);
  assert.is(queue.push("a", "a2"), undefined);
  assert.is(queue.push("b", "b1"), undefined);
  assert.is(queue.push("a", "a3"), "a1");
  assert.is(queue.size, 3);
  assert.equal(queue.sources, ["a", "b"]);
  assert.equal(drain(queue), ["a3", "b1", "a2"]);
});

test("FairQueue.remove: an item leaves its line, and an empty line its turn", () => {
  const queue = new FairQueue<string>(2);
  queue.push("a", "a1");
  // in both rounds
  queue.know("a");
  for (const item of ["a2", "b1", "b2"]) queue.push(item.slice(0, 1), item);
  queue.remove("a", "a1");
  queue.remove("a", "a2");
  queue.remove("b", "b1");
  queue.remove("b", "not there");
  queue.remove("c", "c1");
  assert.equal(queue.sources, ["b"]);
  assert.is(queue.size, 1);
  assert.equal(drain(queue), ["b2"]);
});

test("FairQueue.know: known sources get every other turn, and all turns that the others leave", () => {
  const queue = new FairQueue<string>(8);
  queue.know("k");
  queue.know("l");
  for (let index = 0; index < 4; index += 1) queue.push(`stranger ${index}`, `s${index}`);
  for (const item of ["k1", "l1", "k2", "l2", "k3", "k4"]) queue.push(item.slice(0, 1), item);
  assert.equal(drain(queue).join(" "), "s0 k4 s1 l2 s2 k3 s3 l1 k2 k1");
});

test("FairQueue.know: remembers the thousand most recent sources", () => {
  const queue = new FairQueue<string>(8);
  for (let index = 0; index < 1001; index += 1) {
    queue.know(`source ${index}`);
    queue.know("kept");
  }
  for (const source of ["stranger", "source 0", "kept", "source 1000"]) queue.push(source, source);
  assert.equal(drain(queue), ["stranger", "kept", "source 0", "source 1000"]);
});

test.run();
