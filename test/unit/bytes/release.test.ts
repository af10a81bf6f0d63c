import { Buffer } from "node:buffer";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { release } from "../../../lib/bytes/release.ts";

const MIB = 1024 * 1024;

test("release gives the memory back, without the garbage collector", () => {
  const all = Array.from({ length: 32 }, () => new Uint8Array(MIB).fill(1));
  const full = process.memoryUsage().arrayBuffers;
  for (const bytes of all) release(bytes);
  assert.ok(full - process.memoryUsage().arrayBuffers >= 32 * MIB);
  assert.ok(all.every((bytes) => bytes.length === 0));
});

test("release leaves what has its memory together with others, what is small, and what is empty", () => {
  const whole = new Uint8Array(100_000).fill(7);
  release(whole.subarray(0, 50_000));
  release(whole.subarray(1));
  assert.is(whole.length, 100_000);
  assert.ok(whole.every((byte) => byte === 7));
  const small = new Uint8Array(10).fill(7);
  release(small);
  assert.equal([...small], Array(10).fill(7));
  const pooled = Buffer.from("some text");
  release(pooled);
  assert.is(pooled.toString(), "some text");
  const empty = new Uint8Array();
  release(empty);
  release(empty);
});

test.run();
