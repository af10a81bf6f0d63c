/**
 * Fields: an unambiguous encoding of a list of byte strings as one byte string.
 *
 *     field  = uint32 length, big-endian ‖ bytes
 *     fields = field ‖ field ‖ ...
 *
 * Everything that is signed or hashed is such a list, so two different lists never have the same
 * bytes.
 */
import { type Bytes, concat, encodeUtf8 } from "./bytes.ts";

const LENGTH_LENGTH = 4;

/** Encodes `value` as a big-endian uint32, 4 bytes. */
export function encodeUint32(value: number): Bytes {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Reads the big-endian uint32 at `offset` of `bytes`. */
export function decodeUint32(bytes: Bytes, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

/** Encodes `fields`; a string stands for its UTF-8. */
export function encodeFields(fields: readonly (Bytes | string)[]): Bytes {
  return concat(
    fields.flatMap((field) => {
      const bytes = typeof field === "string" ? encodeUtf8(field) : field;
      return [encodeUint32(bytes.length), bytes];
    }),
  );
}

/**
 * Returns the `count` fields of `payload`, as views into it.
 *
 * @throws Error when `payload` is not exactly `count` fields: one is cut short or missing, or bytes
 *   follow the last
 */
export function decodeFields(payload: Bytes, count: 2): [Bytes, Bytes];
export function decodeFields(payload: Bytes, count: 3): [Bytes, Bytes, Bytes];
export function decodeFields(payload: Bytes, count: 4): [Bytes, Bytes, Bytes, Bytes];
export function decodeFields(payload: Bytes, count: 5): [Bytes, Bytes, Bytes, Bytes, Bytes];
export function decodeFields(payload: Bytes, count: number): Bytes[];
export function decodeFields(payload: Bytes, count: number): Bytes[] {
  const fields: Bytes[] = [];
  let offset = 0;
  while (fields.length < count) {
    const start = offset + LENGTH_LENGTH;
    if (start > payload.length) throw new Error(`malformed fields: expected ${count}, got ${fields.length}`);
    const end = start + decodeUint32(payload, offset);
    if (end > payload.length) throw new Error(`malformed fields: field ${fields.length + 1} is cut short`);
    fields.push(payload.subarray(start, end));
    offset = end;
  }
  if (offset < payload.length) throw new Error(`malformed fields: bytes follow field ${count}, the last`);
  return fields;
}
