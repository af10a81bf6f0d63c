import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeEnding } from "./ending.ts";

test("describeEnding completes a sentence for each way to end", () => {
  const endings = [
    [{ status: 0, stopReason: undefined }, "ended with status 0"],
    [{ status: undefined, stopReason: undefined }, "was killed by a signal"],
    [{ status: undefined, stopReason: "output" }, "was stopped by the grader: it printed too much"],
    [{ status: undefined, stopReason: "memory" }, "was stopped by the grader: it used too much memory"],
    [{ status: undefined, stopReason: "files" }, "was stopped by the grader: it wrote too much to files"],
    [{ status: undefined, stopReason: "time" }, "was stopped by the grader: its time was up"],
    [{ status: undefined, stopReason: "stopped" }, "was stopped by the grader"],
  ] as const;
  for (const [ending, words] of endings) assert.is(describeEnding(ending), words);
});

test.run();
