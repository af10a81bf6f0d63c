import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Progress, QuietClock, STEP, stateOf } from "./is-over.ts";

const TIMING = { times: { message: 1, reply: 1 }, patience: 1000, grace: 250, limit: 20_000 };
const NEITHER = { client: false, server: false };
const CLIENT = { client: true, server: false };
const BOTH = { client: true, server: true };

function stateWith(progress: Partial<Progress>, timing = TIMING) {
  return stateOf(
    {
      elapsed: 2000,
      quiet: 0,
      isBusy: false,
      hasConnected: true,
      hasEnded: NEITHER,
      haveTextsArrived: () => false,
      ...progress,
    },
    timing,
  );
}

test("stateOf waits for programs that have not fallen silent", () => {
  assert.is(stateWith({ quiet: 0 }), "running");
  assert.is(stateWith({ quiet: 999 }), "running");
});

test("stateOf gives up programs that only wait once the patience is spent", () => {
  assert.is(stateWith({ quiet: 1000 }), "silent");
});

test("stateOf waits for a client that has not connected, up to the limit", () => {
  assert.is(stateWith({ quiet: 19_000, elapsed: 19_000, hasConnected: false }), "running");
  assert.is(stateWith({ quiet: 20_001, elapsed: 20_001, hasConnected: false }), "timed out");
});

test("stateOf waits half the patience for the server once the client has ended", () => {
  assert.is(stateWith({ quiet: 499, hasEnded: CLIENT }), "running");
  assert.is(stateWith({ quiet: 500, hasEnded: CLIENT }), "silent");
  assert.is(stateWith({ quiet: 500, hasEnded: CLIENT, hasConnected: false }), "silent");
});

test("stateOf waits the grace at least, and the patience at most, once the client has ended", () => {
  const slow = { ...TIMING, grace: 800 };
  assert.is(stateWith({ quiet: 799, hasEnded: CLIENT }, slow), "running");
  assert.is(stateWith({ quiet: 800, hasEnded: CLIENT }, slow), "silent");
  const slower = { ...TIMING, grace: 3000 };
  assert.is(stateWith({ quiet: 1000, hasEnded: CLIENT }, slower), "silent");
});

test("stateOf is over soon after both programs have ended", () => {
  assert.is(stateWith({ quiet: 3 * STEP - 1, hasEnded: BOTH }), "running");
  assert.is(stateWith({ quiet: 3 * STEP, hasEnded: BOTH }), "over");
});

test("stateOf is over when both texts have arrived, and none comes again within the grace", () => {
  const haveTextsArrived = () => true;
  assert.is(stateWith({ quiet: 249, haveTextsArrived }), "running");
  assert.is(stateWith({ quiet: 250, haveTextsArrived }), "over");
});

test("stateOf searches the output only after the grace", () => {
  const haveTextsArrived = () => {
    throw new Error("searched");
  };
  assert.is(stateWith({ quiet: 249, haveTextsArrived }), "running");
});

test("stateOf waits for whatever runs beside the exchange, up to the limit", () => {
  const arrived = { quiet: 5000, haveTextsArrived: () => true, isBusy: true };
  assert.is(stateWith({ ...arrived, hasEnded: BOTH }), "running");
  assert.is(stateWith({ ...arrived, elapsed: 20_001 }), "timed out");
});

test("QuietClock measures the time since the number of events changed", () => {
  const clock = new QuietClock(0, 3);
  assert.is(clock.look(15, 3), 15);
  assert.is(clock.look(30, 3), 30);
  assert.is(clock.look(45, 4), 0);
  assert.is(clock.look(60, 4), 15);
});

test("QuietClock does not count the time in which the grader stood still", () => {
  const clock = new QuietClock(0, 0);
  assert.is(clock.look(15, 0), 15);
  assert.is(clock.look(15 + STEP + 500, 0), 15 + STEP);
  // a look that is a little late is a look
  assert.is(clock.look(600, 0), 100);
});

test("QuietClock starts again, and does not take the time before for a stall", () => {
  const clock = new QuietClock(0, 0);
  clock.restart(500);
  assert.is(clock.look(515, 0), 15);
});

test.run();
