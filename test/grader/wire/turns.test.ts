import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { TurnFinder } from "../attacks/turn-finder.ts";
import type { Direction } from "../model/direction.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Turn } from "../model/turn.ts";
import { bytesSent, isSamePlace, turnsOf } from "./turns.ts";

const CONNECTION = { port: 21, inject: () => {}, end: () => {}, reset: () => {} };
const C: Direction = "client to server";
const S: Direction = "server to client";

function data(at: number, connection: number, direction: Direction, text: string): SessionEvent {
  const bytes = encodeUtf8(text);
  return { type: "data", at, connection, direction, bytes, passed: bytes };
}

const EVENTS: SessionEvent[] = [
  data(1, 1, C, "hello"),
  data(5, 1, S, "hi"),
  data(6, 1, C, "mess"),
  data(30, 1, C, "age"),
  // injected bytes, and a connection of another client
  { type: "data", at: 31, connection: 1, direction: C, bytes: new Uint8Array(0), passed: encodeUtf8("x") },
  data(32, 9, C, "unrelated"),
  data(40, 2, C, "second"),
  data(41, 2, S, "bye"),
];

test("turnsOf joins the pieces of one side until the other side sends", () => {
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

test("turnsOf can count the turns of each connection separately", () => {
  const events: SessionEvent[] = [
    data(1, 4, C, "PASV"),
    data(2, 4, S, "227"),
    // a control and a data connection are busy at the same time
    data(3, 4, C, "STOR"),
    data(4, 7, C, "the "),
    data(5, 4, S, "150"),
    data(6, 7, C, "file"),
    data(7, 4, S, " and 226"),
  ];
  const places = (turns: Turn[]) =>
    turns.map(({ line, direction, ordinal, bytes }) => [line, direction, ordinal, decodeUtf8(bytes)]);
  const own = new Set([7, 4, 5]);
  const turns = turnsOf(events, own, true);
  assert.equal(places(turns), [
    [1, C, 1, "PASV"],
    [1, S, 1, "227"],
    [1, C, 2, "STOR"],
    [2, C, 1, "the file"],
    [1, S, 2, "150 and 226"],
  ]);
  const [, , stor, file] = turns;
  if (!stor || !file) throw new TypeError("there are five turns");
  assert.ok(isSamePlace(file, { line: 2, direction: C, ordinal: 1 }));
  assert.not.ok(isSamePlace(file, { direction: C, ordinal: 1 }));
  // TurnFinder finds the same places, in the first client's connections only
  const finder = new TurnFinder(file);
  const relayed = (id: number, client: number) => ({ ...CONNECTION, id, client });
  for (const [index, event] of events.entries()) {
    if (event.type !== "data") continue;
    const { connection, direction } = event;
    const place = finder.place(relayed(connection, 2), direction);
    assert.not.ok(isSamePlace(finder.place(relayed(50, 9), C), file));
    assert.is(isSamePlace(place, file), connection === 7);
    assert.is(isSamePlace(place, stor), index === 2);
  }
});

test("bytesSent returns the bytes of one direction", () => {
  assert.is(decodeUtf8(bytesSent(turnsOf(EVENTS, new Set([1])), C)), "hellomessage");
  assert.is(bytesSent([], C).length, 0);
});

test.run();
