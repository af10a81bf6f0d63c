import { test } from "uvu";
import * as assert from "uvu/assert";
import { startTrace, trace } from "../../../lib/cli/diagnostics.ts";

/** Returns the lines that `run` prints on stderr. */
function printed(run: () => void): string[] {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  try {
    run();
  } finally {
    console.error = error;
  }
  return lines;
}

// in this order: tracing cannot be turned off again
test("trace prints nothing until startTrace turns it on", () => {
  assert.equal(
    printed(() => trace("a step")),
    [],
  );
});

test("trace prints each step with the milliseconds since the one before", () => {
  const { now } = performance;
  const times = [1000, 1012.34, 1012.34, 4112.34];
  performance.now = () => times.shift() ?? 0;
  try {
    const lines = printed(() => {
      startTrace();
      trace("one");
      trace("two");
      trace("three");
    });
    assert.equal(lines, ["[   12.3 ms] one", "[    0.0 ms] two", "[ 3100.0 ms] three"]);
  } finally {
    performance.now = now;
  }
});

test.run();
