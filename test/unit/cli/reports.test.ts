import { test } from "uvu";
import * as assert from "uvu/assert";
import { PERIOD, STRANGERS_LIMIT } from "../../../lib/async/allowance.ts";
import { Reports } from "../../../lib/cli/reports.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";

const LINE = "192.0.2.1:40000: the peer closed the connection early";
const ALLOWED = Math.ceil(STRANGERS_LIMIT / LINE.length);

test("Reports: a flood of one kind is limited, and summed up once a period; other kinds are not affected", () => {
  stopClock();
  const lines: string[] = [];
  const reports = new Reports((line) => lines.push(line));
  for (let period = 0; period < 2; period += 1) {
    for (let index = 0; index < ALLOWED + 1204; index += 1) reports.add("dropped clients", LINE);
    assert.is(lines.length, ALLOWED);
    assert.ok(lines.every((line) => line === LINE));
    reports.add("conversations", "192.0.2.2:40000 has closed");
    assert.is(lines.at(-1), "192.0.2.2:40000 has closed");
    passTime(PERIOD);
    assert.equal(lines.slice(ALLOWED + 1), ["and 1,204 more lines about dropped clients"]);
    lines.length = 0;
  }
  // a quiet period ends without a line
  reports.add("dropped clients", LINE);
  passTime(PERIOD);
  assert.equal(lines, [LINE]);
});

test("Reports.close: sums up what has no line yet", () => {
  stopClock();
  const lines: string[] = [];
  const reports = new Reports((line) => lines.push(line));
  for (let index = 0; index < ALLOWED + 1; index += 1) reports.add("dropped clients", LINE);
  reports.close();
  assert.is(lines.at(-1), "and 1 more lines about dropped clients");
  reports.close();
  passTime(PERIOD);
  assert.is(lines.length, ALLOWED + 1);
});

test.after.each(releaseClock);

test.run();
