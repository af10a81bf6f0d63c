import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { SessionEvent } from "../model/events.ts";
import { capturedIn } from "./captured-in.ts";

const file = (at: number, name: string): SessionEvent => ({
  at,
  type: "file",
  side: "server",
  name,
  bytes: encodeUtf8(name),
});
const data = (at: number): SessionEvent => ({
  at,
  type: "data",
  connection: 1,
  direction: "client to server",
  bytes: encodeUtf8(`at ${at}`),
  passed: encodeUtf8(`at ${at}`),
});

test("capturedIn has the files that were shared before the exchange, and only its own bytes", () => {
  const events = [file(1, "before"), data(2), data(3), file(4, "during"), data(5)];
  const { files, pieces } = capturedIn({ session: { events }, events: events.slice(2, 4) });
  assert.equal(
    files.map(({ name }) => name),
    ["before", "during"],
  );
  assert.equal(
    pieces.map(({ at }) => at),
    [3],
  );
});

test.run();
