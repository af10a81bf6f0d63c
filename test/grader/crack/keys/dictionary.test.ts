import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { numbersInSource } from "./dictionary.ts";

test("numbersInSource reads numbers in the forms of several languages, in their order", () => {
  const source =
    "P = 2**31 - 1; g = 7\nlong q = 2_147_483_629L;\nu64 r = (1ULL << 61) - 1; 0xfffffffbUL; a10; 2**200";
  assert.equal(numbersInSource([{ bytes: encodeUtf8(source) }]), [
    2147483647n,
    7n,
    2147483629n,
    (1n << 61n) - 1n,
    0xfffffffbn,
  ]);
});

test.run();
