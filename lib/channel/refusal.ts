/**
 * Refusals: under the keys of the channel to an authenticated peer, and before that as a plaintext
 * hint, which is unauthenticated and changes nothing.
 *
 *     hint = fields("refused", reason)
 */
import { type Bytes, decodeUtf8, encodeUtf8, equal } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { printable } from "../bytes/printable.ts";

/** Seconds after which a client retries when the server is busy. */
export const RETRY_SECONDS = 5;
/** The reason that `isBusy` recognises. */
export const BUSY = `busy, try again in ${RETRY_SECONDS} seconds`;

const REASON_LIMIT = 200;
const LABEL = "refused";

/** Encodes a hint. */
export function encodeHint(reason: string): Bytes {
  return encodeFields([LABEL, reason]);
}

/** Returns the error for the hint `frame`, or undefined if it is not a hint. */
export function decodeHint(frame: Bytes): Error | undefined {
  try {
    const [label, reason] = decodeFields(frame, 2);
    if (!equal(label, encodeUtf8(LABEL))) return undefined;
    return refusalError("the server says, unauthenticated", reason);
  } catch {
    return undefined;
  }
}

/** Returns the error for a refusal: `source`, and the `reason` of the peer in UTF-8. */
export function refusalError(source: string, reason: Bytes): Error {
  const text = decodeUtf8(reason);
  const error = new Error(`${source}: ${printable(text.slice(0, REASON_LIMIT))}`);
  // a plain error, so that it ends a script with one line; the cause lets `isBusy` recognise it
  if (text === BUSY) error.cause = BUSY;
  return error;
}

/**
 * Says whether `error` is the refusal of a busy server, so that a retry after `RETRY_SECONDS` makes
 * sense.
 */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && error.cause === BUSY;
}
