import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FromNetwork, toNetwork } from "../../../exercises/05-ftp/ftp/protocol/ascii.ts";
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";

function fromNetwork(...pieces: Bytes[]): Bytes {
  const text = new FromNetwork();
  return concat([...pieces.map((piece) => text.push(piece)), text.end()]);
}

test("toNetwork puts a CR before each LF", () => {
  assert.is(decodeUtf8(toNetwork(encodeUtf8("a\n\nb\r\nc"))), "a\r\n\r\nb\r\r\nc");
  assert.is(decodeUtf8(toNetwork(encodeUtf8(""))), "");
});

test("FromNetwork takes it away again, wherever the pieces end, and leaves other CRs", () => {
  assert.is(decodeUtf8(fromNetwork(encodeUtf8("a\r\n\r\r\nb\rc\r"))), "a\n\r\nb\rc\r");
  assert.is(
    decodeUtf8(fromNetwork(encodeUtf8("a\r"), encodeUtf8("\nb\r"), encodeUtf8(""), encodeUtf8("c"))),
    "a\nb\rc",
  );
});

test("FromNetwork undoes toNetwork, byte by byte too", () => {
  const bytes = fc.array(fc.constantFrom(0x0d, 0x0a, 0x41, 0xff), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, (values) => {
      const file = new Uint8Array(values);
      const sent = toNetwork(file);
      assert.equal(fromNetwork(sent), file);
      assert.equal(fromNetwork(...[...sent].map((byte) => new Uint8Array([byte]))), file);
    }),
  );
});

test.run();
