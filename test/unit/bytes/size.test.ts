import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatSize } from "../../../lib/bytes/size.ts";

test("formatSize takes the largest unit that leaves no fraction", () => {
  assert.is(formatSize(1024 * 1024), "1 MiB");
  assert.is(formatSize(16 * 1024), "16 KiB");
  assert.is(formatSize(1025 * 1024), "1025 KiB");
  assert.is(formatSize(1536), "1536 bytes");
  assert.is(formatSize(10), "10 bytes");
  assert.is(formatSize(0), "0 bytes");
});

test.run();
