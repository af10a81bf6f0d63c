import { randomBytes } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat } from "../../lib/bytes.ts";
import { isTlsRecords } from "./tls-records.ts";

function record(type: number, length: number, version = 3): Bytes {
  return concat([
    new Uint8Array([type, 3, version, length >> 8, length & 255]),
    new Uint8Array(randomBytes(length)),
  ]);
}

test("isTlsRecords knows whole records of TLS", () => {
  assert.ok(isTlsRecords(record(22, 500, 1)));
  assert.ok(isTlsRecords(concat([record(22, 127), record(20, 1), record(23, 1000), record(21, 2)])));
});

test("isTlsRecords refuses what is cut, of another type, version or length, or nothing", () => {
  const whole = record(23, 100);
  for (const bytes of [
    whole.slice(0, -1),
    concat([whole, new Uint8Array([23, 3])]),
    record(24, 100),
    record(19, 100),
    record(23, 100, 5),
    record(23, 0),
    concat([record(23, 20_000)]),
    new Uint8Array(randomBytes(64).fill(7)),
    new Uint8Array(0),
  ])
    assert.not.ok(isTlsRecords(bytes));
});

test.run();
