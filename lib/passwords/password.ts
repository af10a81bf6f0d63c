/**
 * Passwords as they are stored: PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-256, in the PHC string format.
 *
 *     $pbkdf2-sha256$i=600000$SALT$HASH      base64 (RFC 4648 §4) without padding: 22 characters for the salt, 43 for the hash
 *
 * https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
 */
import { Buffer } from "node:buffer";
import { Semaphore } from "../async/semaphore.ts";
import { type Bytes, encodeUtf8, equal, toBase64 } from "../bytes/bytes.ts";
import { randomBytes, subtle } from "../crypto/webcrypto.ts";

/** Iterations that are recommended today (OWASP Password Storage Cheat Sheet, 2023), which a new record gets. */
export const COST = 600_000;
/** Fewer are refused (RFC 8018 §4.2). */
export const MIN_COST = 1000;
/** More are refused: a record that was tampered with could keep us busy for hours. */
export const MAX_COST = 10_000_000;

/** Characters of the shortest password that is taken for a new record (NIST SP 800-63B §5.1.1.2). */
export const MIN_LENGTH = 8;
/** Bytes of UTF-8 of the longest. */
export const MAX_BYTES = 512;

const SALT_LENGTH = 16;
const HASH_LENGTH = 32;
const PATTERN = /^\$pbkdf2-sha256\$i=([1-9]\d{0,8})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

// what RFC 8264 §8 takes out of the FreeformClass: controls, unassigned code points, old Hangul jamo, and what is
// invisible; the two joiners too, whose rules (RFC 5892 A.1 and A.2) need to know the script around them
const SPACE = /\p{Zs}/gu;
const REFUSED =
  /[\p{Cc}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/u;

// a hash occupies one of the four threads that also serve the files, so two are left to them
const semaphore = new Semaphore(2, 64);

/** A password as it is stored. */
export interface PasswordRecord {
  /** Iterations. */
  cost: number;
  /** 16 bytes. */
  salt: Bytes;
  /** 32 bytes. */
  hash: Bytes;
}

/**
 * Returns `password` as it is hashed: OpaqueString (RFC 8265 §4.2), so that it does not matter how a keyboard composes `é`
 * or which space it has. The case stays, and so do spaces at the ends.
 *
 * @throws Error when it is empty, longer than 512 bytes, or has characters that nobody can see or type for sure
 */
export function preparePassword(password: string): string {
  const prepared = password.replaceAll(SPACE, " ").normalize("NFC");
  if (prepared === "") throw new Error("the password is empty");
  if (REFUSED.test(prepared))
    throw new Error("the password has control characters, or others that cannot be seen");
  if (encodeUtf8(prepared).length > MAX_BYTES)
    throw new Error(`the password is too long: at most ${MAX_BYTES} bytes of UTF-8 are taken`);
  return prepared;
}

/** Checks that `password` may be somebody's new one. @throws Error as `preparePassword`, or when it is too short */
export function checkNewPassword(password: string): void {
  const length = [...preparePassword(password)].length;
  if (length < MIN_LENGTH)
    throw new Error(`the password is too short: ${length} characters, at least ${MIN_LENGTH} are needed`);
}

/** Returns a record for `password` with a fresh salt. @throws Error as `preparePassword`; or too many are being hashed */
export async function hashPassword(password: string, cost: number = COST): Promise<PasswordRecord> {
  const salt = randomBytes(SALT_LENGTH);
  const prepared = preparePassword(password);
  return { cost, salt, hash: await semaphore.run(() => derive(prepared, salt, cost)) };
}

/**
 * Says whether `password` is that of `record`.
 *
 * @param totalCost iterations that are made in any case, so that the time tells nothing of the record: at least its cost
 * @throws Error when too many are being hashed already
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

/** Returns a record that no password fits, for users that there are not. */
export function dummyRecord(cost: number): PasswordRecord {
  return { cost, salt: randomBytes(SALT_LENGTH), hash: randomBytes(HASH_LENGTH) };
}

/** Returns `record` as a PHC string. */
export function formatRecord({ cost, salt, hash }: PasswordRecord): string {
  return `$pbkdf2-sha256$i=${cost}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Returns the record that `text` spells. @throws Error that says what is wrong; it does not repeat `text` */
export function parseRecord(text: string): PasswordRecord {
  const [, iterations, salt = "", hash = ""] = PATTERN.exec(text) ?? [];
  if (iterations === undefined) throw new Error("the password is not $pbkdf2-sha256$i=COST$SALT$HASH");
  const cost = Number(iterations);
  if (cost < MIN_COST || cost > MAX_COST)
    throw new Error(`the password's cost is ${cost}, it must be from ${MIN_COST} to ${MAX_COST}`);
  return { cost, salt: decode(salt), hash: decode(hash) };
}

/** As `preparePassword`, but for one that is not allowed gives something that takes as long. */
function prepareAny(password: string): [prepared: string, isAllowed: boolean] {
  try {
    return [preparePassword(password), true];
  } catch {
    return ["x", false];
  }
}

async function derive(prepared: string, salt: Bytes, iterations: number): Promise<Bytes> {
  const key = await subtle.importKey("raw", encodeUtf8(prepared), "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await subtle.deriveBits(parameters, key, HASH_LENGTH * 8));
}

function unpadded(bytes: Bytes): string {
  return toBase64(bytes).replaceAll("=", "");
}

/** @throws Error when `text` is not the one encoding of some bytes */
function decode(text: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (unpadded(bytes) !== text) throw new Error("the password's base64 is damaged");
  return bytes;
}
