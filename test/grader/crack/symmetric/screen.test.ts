import { createCipheriv } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { noise, TEXT } from "../samples/captures.ts";
import { Screen } from "./screen.ts";
import { rc4 } from "./stream-ciphers.ts";

test("Screen ignores a label before noise, and sees a text under XOR, RC4 and AES", () => {
  const capitals = encodeUtf8("MESSAGELIMITSIZE");
  const frame = concat([Uint8Array.of(0, 0, 0, 12), encodeUtf8("sml/part2/v1"), noise("frame", 60)]);
  const text = encodeUtf8(TEXT);
  assert.is(new Screen([frame], []).mayOpen(capitals), false);
  const key = noise("key", 16);
  for (const sealed of [
    text.map((byte, at) => byte ^ (key[at % key.length] ?? 0)),
    rc4(key, text),
    createCipheriv("aes-128-ecb", key, null).update(text),
  ])
    assert.is(new Screen([frame, new Uint8Array(sealed)], []).mayOpen(key), true);
});

test.run();
