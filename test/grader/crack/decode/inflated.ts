/** Compressed data: gzip and zlib anywhere, raw deflate where a piece begins. */
import { gunzipSync, inflateRawSync, inflateSync, constants as zlib } from "node:zlib";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import type { Segment } from "../capture/view.ts";

const MAX_INFLATED = 4 * 1024 * 1024;

/** Returns everything that inflates; truncated data counts as far as it goes. */
export function inflated(bytes: Bytes, starts: readonly number[]): Segment[] {
  const options = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED };
  const segments: Segment[] = [];
  const attempt = (at: number, inflate: typeof inflateSync) => {
    try {
      const out = asBytes(inflate(bytes.subarray(at), options));
      if (out.length >= 8) segments.push({ bytes: out, from: at, span: bytes.length - at });
    } catch {
      // only the first bytes looked like compressed data
    }
  };
  for (let at = 0; at + 2 < bytes.length && segments.length < 64; at++) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    if (first === 0x1f && second === 0x8b && bytes[at + 2] === 8) attempt(at, gunzipSync);
    if (first === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(second)) attempt(at, inflateSync);
  }
  for (const start of starts.slice(0, 64)) {
    // raw deflate has no header; random bytes inflate to a few bytes at most
    if ((bytes[start] ?? 0) % 8 === 3 || (bytes[start] ?? 0) % 8 === 5) attempt(start, inflateRawSync);
  }
  return segments;
}
