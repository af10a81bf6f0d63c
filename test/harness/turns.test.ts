import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8, encodeUtf8 } from "../../lib/bytes.ts";
import type { StageEvent } from "./lab.ts";
import { sent, turnsOf } from "./turns.ts";
import type { Direction } from "./wiretap.ts";

const C: Direction = "client to server";
const S: Direction = "server to client";

function data(at: number, connection: number, direction: Direction, text: string): StageEvent {
  const bytes = encodeUtf8(text);
  return { type: "data", at, connection, direction, bytes, passed: bytes };
}

const EVENTS: StageEvent[] = [
  data(1, 1, C, "hello"),
  data(5, 1, S, "hi"),
  data(6, 1, C, "mess"),
  data(30, 1, C, "age"),
  // what was injected, and somebody else's connection
  { type: "data", at: 31, connection: 1, direction: C, bytes: new Uint8Array(0), passed: encodeUtf8("x") },
  data(32, 9, C, "stranger"),
  data(40, 2, C, "second"),
  data(41, 2, S, "bye"),
];

test("turnsOf joins what one side sends until another speaks", () => {
  const turns = turnsOf(EVENTS, new Set([1, 2]));
  assert.equal(
    turns.map(({ connection, direction, ordinal, bytes }) => [
      connection,
      direction,
      ordinal,
      decodeUtf8(bytes),
    ]),
    [
      [1, C, 1, "hello"],
      [1, S, 1, "hi"],
      [1, C, 2, "message"],
      [2, C, 3, "second"],
      [2, S, 2, "bye"],
    ],
  );
  assert.equal(turns[2]?.pieces, [4, 3]);
  assert.is(turns[2]?.pause, 24);
});

test("sent is all that went in one direction", () => {
  assert.is(decodeUtf8(sent(turnsOf(EVENTS, new Set([1])), C)), "hellomessage");
  assert.is(sent([], C).length, 0);
});

test.run();
