import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rc4, salsa20 } from "./stream-ciphers.ts";

test("rc4 matches RFC 6229", () => {
  assert.is(
    Buffer.from(rc4(Uint8Array.of(1, 2, 3, 4, 5), new Uint8Array(16))).toString("hex"),
    "b2396305f03dc027ccc3524a0a1118a8",
  );
});

test("salsa20 matches set 1, vector 0 of the ECRYPT test vectors", () => {
  const key = new Uint8Array(16);
  key[0] = 0x80;
  const stream = salsa20(key, new Uint8Array(8), new Uint8Array(64));
  assert.is(
    Buffer.from(stream).toString("hex"),
    "4dfa5e481da23ea09a31022050859936da52fcee218005164f267cb65f5cfd7f2b4f97e0ff16924a52df269515110a07f9e460bc65ef95da58f740b7d1dbb0aa",
  );
});

test.run();
