import type { Bytes } from "../../lib/bytes/bytes.ts";

/** Returns `bytes` with one bit flipped; `bit` counts from the first byte's highest. */
export function flipped(bytes: Bytes, bit: number): Bytes {
  const copy = bytes.slice();
  copy[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return copy;
}
