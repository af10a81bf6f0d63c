/** TYPE A (RFC 959 §3.1.1.1): lines end with CR LF on the wire, and with LF in a file. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Converts `bytes` of a file to their form on the wire. */
export function toNetwork(bytes: Bytes): Bytes {
  let breaks = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) breaks += 1;
  if (breaks === 0) return bytes;
  const lines: Bytes = new Uint8Array(bytes.length + breaks);
  let to = 0;
  for (const byte of bytes) {
    if (byte === LF) lines[to++] = CR;
    lines[to++] = byte;
  }
  return lines;
}

/** Converts bytes from the wire to those of a file, piece by piece. */
export class FromNetwork {
  /** Whether the last byte was a CR, which may be part of a line's end. */
  #pending = false;

  push(bytes: Bytes): Bytes {
    const file = Buffer.allocUnsafeSlow(bytes.length + 1);
    let to = 0;
    for (const byte of bytes) {
      if (this.#pending && byte !== LF) file[to++] = CR;
      this.#pending = byte === CR;
      if (!this.#pending) file[to++] = byte;
    }
    return new Uint8Array(file.buffer, 0, to);
  }

  /** Returns the pending CR, if there is one. */
  end(): Bytes {
    return new Uint8Array(this.#pending ? [CR] : []);
  }
}
