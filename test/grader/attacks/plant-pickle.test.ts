import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, decodeUtf8, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import type { Connection } from "../model/tap.ts";
import { hasPickle, plantedPickle } from "./plant-pickle.ts";

const CALL = encodeUtf8("cbuiltins\nprint\nJ");

/** `pickle.dumps(text, protocol=4)` of a text of up to 255 bytes. */
function pickled(text: string): Bytes {
  const bytes = encodeUtf8(text);
  const frame = Uint8Array.of(0x95, bytes.length + 4, 0, 0, 0, 0, 0, 0, 0);
  return concat([
    Uint8Array.of(0x80, 4),
    frame,
    Uint8Array.of(0x8c, bytes.length),
    bytes,
    Uint8Array.of(0x94, 0x2e),
  ]);
}

async function plantInto(turn: Bytes): Promise<string> {
  const sent: Bytes[] = [];
  const target = { direction: "client to server" as const, ordinal: 1, bytes: turn, pause: 0 };
  const attack = plantedPickle(target, 1_234_567_890);
  const connection: Connection = {
    id: 1,
    port: 5000,
    client: 1,
    inject: (_, bytes) => sent.push(bytes),
    end() {},
    reset() {},
  };
  await attack.onData(connection, "client to server", turn);
  await attack.onEnd(connection, "client to server");
  return toHex(concat(sent));
}

for (const text of ["hi", "hello, server", "a text that is longer than the call of print, by far"]) {
  test(`a pickle of ${text.length} characters is replaced by one that calls print`, async () => {
    const turn = pickled(text);
    assert.ok(hasPickle(turn));
    const changed = await plantInto(turn);
    assert.ok(changed.startsWith(toHex(CALL)));
    const fits = text.length > 12;
    assert.is(changed.length / 2 === turn.length, fits);
  });
}

test("hasPickle finds none in text or in short noise", () => {
  assert.not.ok(hasPickle(encodeUtf8("hello. this is a line of text.\n")));
  assert.not.ok(hasPickle(Uint8Array.of(0x4e, 0x2e, 0x4e, 0x2e)));
  assert.is(decodeUtf8(CALL).length, 17);
});

test.run();
