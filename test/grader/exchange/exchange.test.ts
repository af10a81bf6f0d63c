/** How long exchange watches programs that say nothing. */
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FakeProgram, FakeTask } from "../fakes/fake-task.ts";
import type { Attack } from "../model/attack.ts";
import type { Outcome } from "../model/outcome.ts";
import { exchange } from "./exchange.ts";

const PORT = 5000;
const PATIENCE = 150;
const LONG = 600;

const server: FakeProgram = async ({ listen, print }) => {
  const socket = await listen(PORT).accept();
  print(await socket.readLine());
};

/** A client that connects, and runs `before` until it sends its text. */
function speaksAfter(
  before: (work: (milliseconds: number) => Promise<void>) => Promise<unknown>,
): FakeProgram {
  return async ({ text, connect, work }) => {
    const socket = await connect(PORT);
    await before(work);
    socket.write(`${text}\n`);
  };
}

async function watch(
  client: FakeProgram,
  options: { attack?: Attack; limit?: number } = {},
): Promise<Outcome> {
  const session = await new FakeTask({ server, client }).open({ tap: options.attack ?? {} });
  const times = { message: 1, reply: 0 };
  const timing = { times, patience: PATIENCE, grace: 50, limit: options.limit ?? 5000 };
  const outcome = await exchange(session, { ...timing, message: "the message", reply: "" }, options);
  await session.close();
  return outcome;
}

test("exchange waits for a program that computes, however long it is silent", async () => {
  const outcome = await watch(speaksAfter((work) => work(LONG)));
  assert.is(outcome.times.message, 1);
  assert.is(outcome.unfinished, false);
});

test("exchange gives up a program that only waits, after the patience", async () => {
  const outcome = await watch(speaksAfter(() => sleep(60_000, undefined, { ref: false })));
  assert.is(outcome.times.message, 0);
  assert.is(outcome.unfinished, false);
});

test("exchange gives up a program that computes forever, at the limit", async () => {
  const outcome = await watch(
    speaksAfter((work) => work(3000)),
    { limit: 500 },
  );
  assert.is(outcome.times.message, 0);
  assert.is(outcome.unfinished, true);
});

test("exchange does not wait for what an attack has made a program do", async () => {
  const applied: Attack["applied"] = {
    kind: "flip",
    connection: 1,
    detail: "",
    offset: 0,
    before: new Uint8Array(1),
    after: new Uint8Array(1),
    direction: "client to server",
    ordinal: 0,
  };
  const outcome = await watch(
    speaksAfter((work) => work(LONG)),
    { attack: { applied } },
  );
  assert.is(outcome.times.message, 0);
  assert.ok(outcome.took < LONG, `it took ${outcome.took} ms`);
});

test.run();
