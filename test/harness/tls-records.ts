/** Tells TLS from other protocols by its records (RFC 8446, section 5.1). */
import type { Bytes } from "../../lib/bytes.ts";

const HEADER = 5;
/** change_cipher_spec, alert, handshake, application_data. */
const FIRST_TYPE = 20;
const LAST_TYPE = 23;
const MAX_RECORD = (1 << 14) + 2048;

/** Says whether `bytes` are whole TLS records, one behind the other. */
export function isTlsRecords(bytes: Bytes): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const type = view.getUint8(at);
    const length = view.getUint16(at + 3);
    if (type < FIRST_TYPE || type > LAST_TYPE || view.getUint8(at + 1) !== 3 || view.getUint8(at + 2) > 4)
      return false;
    if (length === 0 || length > MAX_RECORD) return false;
    at += HEADER + length;
  }
  return at > 0 && at === bytes.length;
}
