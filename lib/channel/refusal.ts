/**
 * How one side says no, in words: to a peer that has proved who it is under the keys of the channel, and before that as a
 * hint in clear, which changes nothing and which anybody may have written.
 *
 *     hint = fields("refused", reason)
 */
import { type Bytes, decodeUtf8, encodeUtf8, equal } from "../bytes/bytes.ts";
import { decodeFields, encodeFields } from "../bytes/fields.ts";
import { printable } from "../bytes/printable.ts";

/** Seconds after which to try again a server that is busy. */
export const RETRY_SECONDS = 5;
/** The reason that `isBusy` knows again. */
export const BUSY = `busy, try again in ${RETRY_SECONDS} seconds`;

const REASON_LIMIT = 200;
const LABEL = "refused";

/** Returns the hint with this `reason`. */
export function encodeHint(reason: string): Bytes {
  return encodeFields([LABEL, reason]);
}

/** Returns the error that tells of the hint `frame`, or undefined when it is none. */
export function decodeHint(frame: Bytes): Error | undefined {
  try {
    const [label, reason] = decodeFields(frame, 2);
    if (!equal(label, encodeUtf8(LABEL))) return undefined;
    return refusalError("the server, or somebody in its place, says", reason);
  } catch {
    return undefined;
  }
}

/** The error of a refusal: `teller`, and the `reason` in UTF-8 as the peer gave it. */
export function refusalError(teller: string, reason: Bytes): Error {
  const text = decodeUtf8(reason);
  const error = new Error(`${teller}: ${printable(text.slice(0, REASON_LIMIT))}`);
  // a plain error, so that it ends a script as one line; the cause is for those who would rather wait
  if (text === BUSY) error.cause = BUSY;
  return error;
}

/** Says whether `error` is the refusal of a server that is busy, so that it is worth trying again after `RETRY_SECONDS`. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && error.cause === BUSY;
}
