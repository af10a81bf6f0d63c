import { Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Pending } from "../../../lib/net/pending.ts";

function sockets(count: number): Socket[] {
  return Array.from({ length: count }, () => new Socket().on("error", () => {}));
}

test("Pending drops the oldest when there are too many, and says why", () => {
  const pending = new Pending(3);
  const all = sockets(5);
  for (const socket of all) pending.add(socket);
  assert.equal(
    all.map(({ destroyed }) => destroyed),
    [true, true, false, false, false],
  );
  assert.is(all[0]?.errored?.message, "dropped: too many others came after it");
});

test("Pending counts no one who is deleted, and never drops them", () => {
  const pending = new Pending(2);
  const [proved, ...others] = sockets(4);
  if (!proved) throw new Error("no socket");
  pending.add(proved);
  pending.delete(proved);
  for (const socket of others) pending.add(socket);
  assert.not(proved.destroyed);
  assert.equal(
    others.map(({ destroyed }) => destroyed),
    [true, false, false],
  );
});

test("Pending.destroy cuts off all who are left", () => {
  const pending = new Pending(5);
  const [proved, ...others] = sockets(4);
  if (!proved) throw new Error("no socket");
  for (const socket of [proved, ...others]) pending.add(socket);
  pending.delete(proved);
  pending.destroy();
  assert.not(proved.destroyed);
  assert.ok(others.every(({ destroyed }) => destroyed));
});

test.run();
