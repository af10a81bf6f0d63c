/**
 * Stored passwords: PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-256, in the PHC string format.
 *
 *     $pbkdf2-sha256$i=600000$SALT$HASH
 *
 * SALT (22 characters) and HASH (43) are unpadded base64 (RFC 4648 §4).
 *
 * https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
 */
import { Buffer } from "node:buffer";
import { Semaphore } from "../async/semaphore.ts";
import { type Bytes, encodeUtf8, equal, toBase64 } from "../bytes/bytes.ts";
import { randomBytes, subtle } from "../crypto/webcrypto.ts";

/** Iterations of a new record, as OWASP recommends (Password Storage Cheat Sheet, 2023). */
export const COST = 600_000;
/** Minimum number of iterations (RFC 8018 §4.2). */
export const MIN_COST = 1000;
/** Maximum number of iterations: a manipulated record could otherwise keep us busy for hours. */
export const MAX_COST = 10_000_000;

/** Minimum length of a new password in characters (NIST SP 800-63B §5.1.1.2). */
export const MIN_LENGTH = 8;
/** Maximum length of a password in bytes of UTF-8. */
export const MAX_BYTES = 512;

const SALT_LENGTH = 16;
const HASH_LENGTH = 32;
const PATTERN = /^\$pbkdf2-sha256\$i=([1-9]\d{0,8})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

// the characters that RFC 8264 §8 excludes from the FreeformClass: controls, unassigned code
// points, old Hangul jamo, and invisible characters; also the two joiners, whose rules (RFC 5892
// A.1 and A.2) depend on the surrounding script
const SPACE = /\p{Zs}/gu;
const REFUSED =
  /[\p{Cc}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/u;

/** A hash occupies one of the four threads that also serve files, so two are left for files. */
export const HASHES_AT_ONCE = 2;
const semaphore = new Semaphore(HASHES_AT_ONCE);

/** A stored password. */
export interface PasswordRecord {
  /** Iterations. */
  cost: number;
  /** 16 bytes. */
  salt: Bytes;
  /** 32 bytes. */
  hash: Bytes;
}

/**
 * Normalises `password` for hashing: OpaqueString (RFC 8265 §4.2), so that it does not matter how a
 * keyboard composes `é` or which space it produces. Case and leading and trailing spaces are kept.
 *
 * @throws Error when it is empty, longer than 512 bytes, or has characters that cannot be seen or
 *   typed reliably
 */
export function preparePassword(password: string): string {
  const prepared = password.replaceAll(SPACE, " ").normalize("NFC");
  if (prepared === "") throw new Error("the password is empty");
  if (REFUSED.test(prepared))
    throw new Error("the password has control characters, or others that cannot be seen");
  if (encodeUtf8(prepared).length > MAX_BYTES)
    throw new Error(`the password is too long: at most ${MAX_BYTES} bytes of UTF-8 are accepted`);
  return prepared;
}

/** Checks a new password. @throws Error as `preparePassword`, or when it is too short */
export function checkNewPassword(password: string): void {
  const length = [...preparePassword(password)].length;
  if (length < MIN_LENGTH)
    throw new Error(`the password is too short: ${length} characters, at least ${MIN_LENGTH} are needed`);
}

/** Hashes `password` with a fresh salt. @throws Error as `preparePassword` */
export async function hashPassword(password: string, cost: number = COST): Promise<PasswordRecord> {
  const salt = randomBytes(SALT_LENGTH);
  const prepared = preparePassword(password);
  return { cost, salt, hash: await semaphore.run(() => derive(prepared, salt, cost)) };
}

/**
 * Says whether `password` matches `record`.
 *
 * @param totalCost iterations to compute in any case, at least the cost of the record, so that the
 *   time reveals nothing about it
 */
export async function isPassword(
  password: string,
  record: PasswordRecord,
  totalCost: number = record.cost,
): Promise<boolean> {
  const [prepared, isAllowed] = prepareAny(password);
  const hash = await semaphore.run(async () => {
    const extra = totalCost - record.cost;
    if (extra > 0) await derive(prepared, record.salt, extra);
    return derive(prepared, record.salt, record.cost);
  });
  return equal(hash, record.hash) && isAllowed;
}

/** Returns a record that matches no password, for unknown users. */
export function dummyRecord(cost: number): PasswordRecord {
  return { cost, salt: randomBytes(SALT_LENGTH), hash: randomBytes(HASH_LENGTH) };
}

/** Formats `record` as a PHC string. */
export function formatRecord({ cost, salt, hash }: PasswordRecord): string {
  return `$pbkdf2-sha256$i=${cost}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Parses a PHC string. @throws Error that says what is wrong, without repeating `text` */
export function parseRecord(text: string): PasswordRecord {
  const [, iterations, salt = "", hash = ""] = PATTERN.exec(text) ?? [];
  if (iterations === undefined) throw new Error("the password is not $pbkdf2-sha256$i=COST$SALT$HASH");
  const cost = Number(iterations);
  if (cost < MIN_COST || cost > MAX_COST)
    throw new Error(`the password's cost is ${cost}, it must be from ${MIN_COST} to ${MAX_COST}`);
  return { cost, salt: decode(salt), hash: decode(hash) };
}

/**
 * Like `preparePassword`, but returns a placeholder that takes as long to hash for an invalid
 * password.
 */
function prepareAny(password: string): [prepared: string, isAllowed: boolean] {
  try {
    return [preparePassword(password), true];
  } catch {
    return ["x", false];
  }
}

/** Computes the 32 bytes of PBKDF2 with HMAC-SHA-256 for a `prepared` password. */
export async function derive(prepared: string, salt: Bytes, iterations: number): Promise<Bytes> {
  const key = await subtle.importKey("raw", encodeUtf8(prepared), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await subtle.deriveBits(parameters, key, HASH_LENGTH * 8));
}

function unpadded(bytes: Bytes): string {
  return toBase64(bytes).replaceAll("=", "");
}

/** @throws Error when `text` is not canonical base64 */
function decode(text: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (unpadded(bytes) !== text) throw new Error("the password's base64 is damaged");
  return bytes;
}
