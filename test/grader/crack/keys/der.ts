/** The part of DER (X.690) that is needed to find keys among other bytes. */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;

export interface Element {
  tag: number;
  /** The contents, from the first byte to past the last. */
  start: number;
  end: number;
}

/**
 * Reads the element at `at`; returns undefined if it goes past `limit` or its length is not
 * minimal.
 */
export function readElement(bytes: Bytes, at: number, limit = bytes.length): Element | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count < 1 || count > 3) return undefined;
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[start + index] ?? 0);
    if (length < (count === 1 ? 0x80 : 256 ** (count - 1))) return undefined;
    start += count;
  }
  return start + length <= limit ? { tag, start, end: start + length } : undefined;
}

/** Returns the elements of a constructed element, or undefined if they do not fill it exactly. */
export function readChildren(
  bytes: Bytes,
  { start, end }: { start: number; end: number },
): Element[] | undefined {
  const children: Element[] = [];
  for (let at = start; at < end; ) {
    const child = readElement(bytes, at, end);
    if (!child) return undefined;
    children.push(child);
    at = child.end;
  }
  return children;
}

/** Says whether an element is a non-negative integer in its shortest form. */
export function isNatural(bytes: Bytes, { tag, start, end }: Element): boolean {
  const first = bytes[start] ?? 0xff;
  if (tag !== INTEGER || start === end || first >= 0x80) return false;
  return first > 0 || end - start === 1 || (bytes[start + 1] ?? 0) >= 0x80;
}

/** Returns the contents in hexadecimal, as this folder writes object identifiers. */
export function contentsOf(bytes: Bytes, { start, end }: Element): string {
  return Array.from(bytes.subarray(start, end), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
