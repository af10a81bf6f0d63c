import { test } from "uvu";
import * as assert from "uvu/assert";
import { Stopwatch } from "./stopwatch.ts";

const stage = (name: string) => ({ name, check: undefined });

/** Runs `task` with a clock that only it moves. */
async function withClock(task: (pass: (seconds: number) => void) => Promise<void>): Promise<void> {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  try {
    await task((seconds) => {
      time += 1000 * seconds;
    });
  } finally {
    performance.now = now;
  }
}

test("Stopwatch gives each moment to the stages that work in it, in equal parts", () =>
  withClock(async (pass) => {
    const stopwatch = new Stopwatch();
    pass(1);
    let end = () => {};
    const first = stopwatch.measure(stage("a"), () => new Promise<void>((resolve) => (end = resolve)));
    pass(2);
    const second = stopwatch.measure(stage("b"), async () => pass(6));
    assert.equal(
      stopwatch.active.map(({ name }) => name),
      ["a", "b"],
    );
    await second;
    pass(4);
    end();
    await first;
    assert.equal(stopwatch.active, []);
    pass(1);
    assert.equal(
      [...stopwatch.times()],
      [
        ["the grader itself", 2],
        ["a", 9],
        ["b", 3],
      ],
    );
  }));

test("Stopwatch stops when a task fails, and counts a stage twice that works twice", () =>
  withClock(async (pass) => {
    const stopwatch = new Stopwatch();
    const one = stage("a");
    await stopwatch
      .measure(one, async () => {
        await stopwatch.measure(one, async () => pass(4));
        throw new Error("x");
      })
      .catch(() => {});
    assert.equal(
      [...stopwatch.times()],
      [
        ["the grader itself", 0],
        ["a", 4],
      ],
    );
    assert.equal(stopwatch.active, []);
  }));

test.run();
