import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { decodeFields, decodeUint32, encodeFields, encodeUint32 } from "../../../lib/bytes/fields.ts";
import { flipped } from "../../support/bits.ts";
import { throws } from "../../support/rejects.ts";

const field = fc.uint8Array({ maxLength: 40 }).map((array) => new Uint8Array(array));
const lists = fc.array(field, { maxLength: 6 });
const GARBAGE = fc.uint8Array({ maxLength: 60 }).map((array) => new Uint8Array(array));

test("encodeUint32 is big-endian", () => {
  assert.is(toHex(encodeUint32(0x01020304)), "01020304");
  assert.is(toHex(encodeUint32(0)), "00000000");
  assert.is(toHex(encodeUint32(0xffffffff)), "ffffffff");
});

test("decodeUint32 undoes encodeUint32, at any offset of any view", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 0xffffffff }),
      fc.nat({ max: 9 }),
      fc.nat({ max: 9 }),
      (value, before, offset) => {
        const all = concat([
          new Uint8Array(before + offset).fill(0xee),
          encodeUint32(value),
          new Uint8Array(3),
        ]);
        assert.is(decodeUint32(all.subarray(before), offset), value);
      },
    ),
  );
});

test("encodeFields writes each field's length, then its bytes", () => {
  assert.is(
    toHex(encodeFields([new Uint8Array([0xaa, 0xbb]), new Uint8Array(0), "é"])),
    "00000002aabb0000000000000002c3a9",
  );
});

test("encodeFields of no fields is empty", () => {
  assert.is(encodeFields([]).length, 0);
});

test("decodeFields undoes encodeFields", () => {
  fc.assert(
    fc.property(lists, (fields) => {
      assert.equal(decodeFields(encodeFields(fields), fields.length).map(toHex), fields.map(toHex));
    }),
  );
});

test("encodeFields of what decodeFields accepts is the same bytes: no two payloads mean the same fields", () => {
  let accepted = 0;
  fc.assert(
    fc.property(GARBAGE, fc.nat({ max: 3 }), (payload, count) => {
      const fields = decoded(payload, count);
      if (!fields) return;
      accepted += 1;
      assert.is(toHex(encodeFields(fields)), toHex(payload));
    }),
    {
      numRuns: 2000,
      examples: [
        [encodeFields(["a", "bc"]), 2],
        [encodeFields([""]), 1],
        [new Uint8Array(0), 0],
      ],
    },
  );
  assert.ok(accepted >= 3);
});

test("decodeFields reads a view for what it shows only", () => {
  const payload = concat([new Uint8Array([9]), encodeFields(["one", "two"]), new Uint8Array([9])]).subarray(
    1,
    -1,
  );
  assert.equal(decodeFields(payload, 2).map(toHex), [toHex(encodeUtf8("one")), toHex(encodeUtf8("two"))]);
});

test("decodeFields gives views into the payload, without a copy", () => {
  const payload = encodeFields(["one", "two"]);
  assert.ok(decodeFields(payload, 2).every((view) => view.buffer === payload.buffer));
});

test("decodeFields refuses a payload that is cut short anywhere", () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (fields) => {
      const payload = encodeFields(fields);
      for (let length = 0; length < payload.length; length += 1) {
        throws(() => decodeFields(payload.subarray(0, length), fields.length), /^malformed fields: /);
      }
    }),
  );
});

test("decodeFields refuses bytes after the last field", () => {
  const payload = encodeFields(["a", "b"]);
  for (const extra of [[0], [0, 0, 0, 0], [0, 0, 0, 1, 0x63]]) {
    throws(
      () => decodeFields(concat([payload, new Uint8Array(extra)]), 2),
      "malformed fields: bytes follow field 2, the last",
    );
  }
});

test("decodeFields refuses one field too few and one too many", () => {
  fc.assert(
    fc.property(lists, (fields) => {
      const payload = encodeFields(fields);
      throws(
        () => decodeFields(payload, fields.length + 1),
        `malformed fields: expected ${fields.length + 1}, got ${fields.length}`,
      );
      if (fields.length > 0) throws(() => decodeFields(payload, fields.length - 1), /bytes follow field/);
    }),
  );
});

test("decodeFields refuses two fields glued into one", () => {
  throws(
    () => decodeFields(encodeFields([concat([encodeUtf8("ab"), encodeUtf8("cd")])]), 2),
    /expected 2, got 1/,
  );
});

test("decodeFields refuses lengths up to 4 GiB without taking the memory", () => {
  for (const length of [1, 0x7fffffff, 0x80000000, 0xfffffffb, 0xfffffffc, 0xffffffff]) {
    throws(() => decodeFields(encodeUint32(length), 1), "malformed fields: field 1 is cut short");
  }
});

test("decodeFields refuses or yields other fields when any single bit is flipped", () => {
  const payload = encodeFields(["label", new Uint8Array([1, 2, 3]), "text"]);
  const original = decodeFields(payload, 3).map(toHex).join();
  for (let bit = 0; bit < 8 * payload.length; bit += 1) {
    const copy = flipped(payload, bit);
    assert.is.not(decoded(copy, 3)?.map(toHex).join(), original, `bit ${bit}`);
  }
});

function decoded(payload: Bytes, count: number): Bytes[] | undefined {
  try {
    return decodeFields(payload, count);
  } catch {
    return undefined;
  }
}

test.run();
