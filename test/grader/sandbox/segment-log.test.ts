import { test } from "uvu";
import * as assert from "uvu/assert";
import { SegmentLog } from "./segment-log.ts";

const PORTS = { local: 5000, remote: 40_000 };

test("ends returns where the segments to the local port end, within the range, once", () => {
  const log = new SegmentLog();
  log.add([
    [40_000, 5000, 99, 0, 1],
    [5000, 40_000, 7, 0, 1],
    [40_000, 5000, 100, 3, 0],
    [5000, 40_000, 8, 1, 0],
    [40_000, 5000, 103, 4, 0],
    [40_000, 5000, 103, 4, 0],
    [40_000, 5000, 107, 5, 0],
  ]);
  assert.equal(log.ends(PORTS, 0, 10), [3, 7]);
  assert.equal(log.ends(PORTS, 0, 10), []);
  assert.equal(log.ends(PORTS, 10, 20), [12]);
});

test("ends counts on when sequence numbers begin again", () => {
  const log = new SegmentLog();
  log.add([
    [40_000, 5000, 2 ** 32 - 3, 0, 1],
    [40_000, 5000, 2 ** 32 - 2, 5, 0],
    [40_000, 5000, 3, 5, 0],
  ]);
  assert.equal(log.ends(PORTS, 0, 100), [5, 10]);
});

test("a new connection on the same ports begins at 0, and an unknown one has no ends", () => {
  const log = new SegmentLog();
  log.add([
    [40_000, 5000, 10, 0, 1],
    [40_000, 5000, 11, 30, 0],
    [40_000, 5000, 500, 0, 1],
    [40_000, 5000, 501, 2, 0],
  ]);
  assert.equal(log.ends(PORTS, 0, 100), [2]);
  assert.equal(log.ends({ local: 5000, remote: 1 }, 0, 100), []);
});

test.run();
