import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { captureOf } from "./capture.ts";

test("captureOf returns the bytes as sent, and the files", () => {
  const bytes = encodeUtf8("sent");
  const capture = captureOf([
    { at: 1, type: "connect", connection: 1, port: 5, address: "127.0.0.1", client: 2, from: 6 },
    {
      at: 2,
      type: "data",
      connection: 1,
      direction: "server to client",
      bytes,
      passed: encodeUtf8("altered"),
    },
    { at: 3, type: "file", side: "client", name: "key.pem", bytes: encodeUtf8("key") },
  ]);
  assert.equal(capture.pieces, [{ connection: 1, direction: "server to client", at: 2, bytes }]);
  assert.is(capture.files[0]?.name, "key.pem");
});

test.run();
