import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, decodeUtf8, encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { encodeFields } from "../../lib/bytes/fields.ts";
import { generateFernetKey, sealToken } from "../../lib/crypto/fernet.ts";
import { hiddenBytes } from "./describe-frame.ts";

const PAYLOAD = encodeFields(["a", "b", "c"]);
const token = await sealToken(generateFernetKey(), "text");

test("hiddenBytes leaves out hellos, and nothing of part 1's messages", () => {
  for (const part of ["part1", "part2"] as const)
    assert.is(hiddenBytes(part, "client to server", 0, PAYLOAD).length, 0);
  assert.equal(hiddenBytes("part1", "client to server", 1, PAYLOAD), PAYLOAD);
});

test("hiddenBytes leaves out the lengths of fields, and the version and time of tokens", () => {
  const body = decodeUtf8(token).slice(12);
  assert.ok(decodeUtf8(token).startsWith("gAAAAAB"));
  const request = encodeFields(["wrapped", token, "signature"]);
  const hidden = (direction: "client to server" | "server to client", payload: Bytes) =>
    decodeUtf8(hiddenBytes("part2", direction, 1, payload));
  assert.is(hidden("client to server", request), `wrapped${body}signature`);
  const reply = encodeFields([token, encodeUtf8("signature")]);
  assert.is(hidden("server to client", reply), `${body}signature`);
});

test.run();
