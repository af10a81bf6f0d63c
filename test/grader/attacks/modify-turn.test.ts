import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { Connection } from "../model/tap.ts";
import { type Alteration, cut, drop, duplicate, flip, replace } from "./alterations.ts";
import { cutLikeHeld, ModifiedTurn } from "./modify-turn.ts";

const HELD = ["key:0", "|token", "|sig"].map((text) => encodeUtf8(text));
const TURN = concat(HELD);

/** The pieces in which the altered turn is sent. */
function pieces({ pieces, kind, offset }: Alteration, held: readonly Bytes[] = HELD): string[] {
  return cutLikeHeld(pieces, kind, offset, held).map((piece) => decodeUtf8(piece));
}

test("cutLikeHeld cuts the altered turn where the turn was cut", () => {
  const flipped = pieces(flip(TURN, 7));
  assert.equal(
    flipped.map(({ length }) => length),
    [5, 6, 4],
  );
  assert.equal(pieces(cut(TURN, 8)), ["key:0", "|to"]);
  assert.equal(pieces(drop(TURN, 6, 3)), ["key:0", "|en", "|sig"]);
  assert.equal(pieces(duplicate(TURN, 11, 4)), ["key:0", "|token", "|sig", "|sig"]);
  assert.equal(pieces(duplicate(TURN, 0, TURN.length)), [
    "key:0",
    "|token",
    "|sig",
    "key:0",
    "|token",
    "|sig",
  ]);
});

test("cutLikeHeld does not cut a turn that came in one piece, and keeps very many", () => {
  assert.equal(pieces(replace(encodeUtf8("other"), ""), [TURN]), ["other"]);
  const many = Array.from(TURN, (byte) => Uint8Array.of(byte));
  assert.equal(pieces(drop(TURN, 0, 1), many), [..."ey:0|token|sig"]);
});

/** A connection that records everything sent on it. */
function connection(): { connection: Connection; sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    connection: {
      id: 1,
      port: 5000,
      client: 1,
      inject: (_, bytes) => sent.push(decodeUtf8(bytes)),
      end: () => sent.push("end"),
      reset: () => sent.push("reset"),
    },
  };
}

test("ModifiedTurn holds its turn back until it is complete, and forwards all others", async () => {
  const place = { direction: "client to server" as const, ordinal: 2 };
  const held = new ModifiedTurn({ ...place, bytes: TURN, pause: 0 }, (turn) => cut(turn, 8));
  const { connection: wire, sent } = connection();
  const hello = encodeUtf8("hello");
  assert.is(held.onData(wire, "client to server", hello), hello);
  assert.is(held.onData(wire, "server to client", hello), hello);
  for (const piece of HELD) assert.is((await held.onData(wire, "client to server", piece)).length, 0);
  assert.is(await held.onEnd(wire, "client to server"), false);
  assert.equal(sent, ["key:0", "|to", "end"]);
  assert.equal(held.applied?.before, TURN);
  assert.equal(held.applied?.after, TURN.slice(0, 8));
  assert.is((await held.onData(wire, "client to server", hello)).length, 0);
  assert.equal(held.passed({ direction: "server to client", ordinal: 1 }), hello);
});

test("ModifiedTurn lets nothing that follows its turn overtake it", async () => {
  const place = { direction: "client to server" as const, ordinal: 1 };
  const held = new ModifiedTurn({ ...place, bytes: TURN, pause: 0 }, (turn) => flip(turn, 1));
  const { connection: wire, sent } = connection();
  for (const piece of HELD) await held.onData(wire, "client to server", piece);
  const end = held.onEnd(wire, "client to server");
  const late = await held.onData(wire, "client to server", encodeUtf8("late"));
  assert.is(sent.length, HELD.length);
  assert.is(decodeUtf8(late), "late");
  assert.is(await end, true);
});

test.run();
