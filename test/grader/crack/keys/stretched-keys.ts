/**
 * Keys that a derivation function makes from a constant in the source: PBKDF2 (RFC 8018), scrypt
 * (RFC 7914), HKDF (RFC 5869), EVP_BytesToKey (OpenSSL).
 *
 * The functions are slow by design, so only the strings that a call names are tried.
 */
import { Buffer } from "node:buffer";
import { createHash, hkdfSync, pbkdf2Sync, scryptSync } from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { asBytes, showKey } from "../capture/proof.ts";
import { latin1, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";
import { literalsIn } from "./dictionary.ts";
import type { KeyCandidate } from "./key-candidates.ts";

/** A way to make a key, and its cost in steps. */
interface Derivation {
  name: string;
  cost: number;
  derive(password: Bytes, salt: Bytes): Bytes;
}

/** A string that a call may name, likely as a password or as a salt. */
interface Constant {
  bytes: Bytes;
  isPassword: boolean;
  isSalt: boolean;
}

const CALL = /pbkdf2|Rfc2898|PBEKeySpec|scrypt|hkdf|EVP_BytesToKey|CryptoJS|openssl enc/gi;
/** Lines around a call in which its arguments are. */
const BEFORE = 4;
const AFTER = 10;
const MAX_CALLS = 6;
/** About a second, and only if the source has such a call. */
const STEPS = 1_500_000_000;
const MAX_UNITS = 40;
const MAX_SALTS = 8;
/** What `openssl enc` and CryptoJS send before the salt. */
const OPENSSL_MARK = "Salted__";
const MAX_CONSTANTS = 12;
const KEY_LENGTH = 32;
const NO_SALT = new Uint8Array();
const HASHES = ["sha256", "sha1", "sha512", "md5"];
const USUAL_COUNTS = [100_000, 10_000, 1000];
const MIN_COUNT = 100;
const MAX_COUNT = 2_000_000;
/** Steps of PBKDF2 for each round, of scrypt for each byte of memory, and of a hash. */
const ROUND = 1000;
const SCRYPT_BYTE = 4;
const HASHING = 5000;
/** Names of algorithms and encodings, which are no passwords. */
const NAMES = /^(?:sha-?\d|md5|utf-?8|ascii|hex|base64|latin|aes|pbkdf2|hmac|bytes$|[rw]b?$)/i;

/** Returns the keys that calls in `files` make from constants, the likeliest first. */
export function stretchedKeys(
  files: readonly { name: string; bytes: Bytes }[],
  views: readonly View[],
): KeyCandidate[] {
  const budget = new Budget(STEPS);
  const salts = saltsIn(views);
  const calls = files.flatMap(({ name, bytes }) => {
    const text = latin1(bytes);
    const lines = [...text.matchAll(CALL)].map(({ index }) => text.slice(0, index).split("\n").length);
    return lines
      .filter((line, at) => at === 0 || line > (lines[at - 1] ?? 0) + 1)
      .map((line) => ({ name, text, line }));
  });
  return calls
    .slice(0, MAX_CALLS)
    .flatMap(({ name, text, line }) => keysOfCall(name, text, line, salts, budget));
}

/** Returns captured bytes that may be a salt: short messages, and the beginnings of others. */
function saltsIn(views: readonly View[]): Bytes[] {
  const found = new Map<string, Bytes>();
  for (const { rare, bytes, starts } of views) {
    if (rare || starts.length > MAX_UNITS) continue;
    for (const { bytes: unit } of units(bytes, starts)) {
      const isMarked = latin1(unit.subarray(0, 8)) === OPENSSL_MARK;
      const salt = isMarked ? unit.slice(8, 16) : unit.slice(0, unit.length === 8 ? 8 : 16);
      if (salt.length === 8 || salt.length === 16) found.set(latin1(salt), salt);
      if (found.size >= MAX_SALTS) return [...found.values()];
    }
  }
  return [...found.values()];
}

function keysOfCall(
  file: string,
  text: string,
  line: number,
  sent: readonly Bytes[],
  budget: Budget,
): KeyCandidate[] {
  const call = text
    .split("\n")
    .slice(Math.max(0, line - 1 - BEFORE), line + AFTER)
    .join("\n");
  const constants = constantsOf(call, text);
  const passwords = constants.toSorted((a, b) => Number(b.isPassword) - Number(a.isPassword));
  const salts = constants
    .toSorted((a, b) => Number(b.isSalt) - Number(a.isSalt))
    .map(({ bytes, isSalt }) => ({ bytes, rank: isSalt ? 0 : 2 }))
    .concat([NO_SALT, ...sent].map((bytes) => ({ bytes, rank: 1 })))
    .toSorted((a, b) => a.rank - b.rank);
  const keys: KeyCandidate[] = [];
  for (const { bytes: password } of passwords)
    for (const { bytes: salt } of salts)
      for (const { name, cost, derive } of derivationsOf(call, text)) {
        if (password === salt || !budget.spend(cost)) continue;
        const how = `${name} makes the key from constants in the source, ${file}, line ${line}: the password ${showKey(password)}${salt.length > 0 ? `, the salt ${showKey(salt)}` : ", no salt"}.`;
        keys.push({ bytes: derive(password, salt), kind: "key in the source", where: [], how });
      }
  return keys;
}

/** Returns the strings at a call, and those that are assigned to names at the call. */
function constantsOf(call: string, text: string): Constant[] {
  const named = new Map<string, Constant>();
  const add = (bytes: Bytes, name: string) => {
    const id = latin1(bytes);
    if (bytes.length === 0 || NAMES.test(id) || named.has(id) || named.size >= MAX_CONSTANTS) return;
    const isSalt = /salt|nonce|iv\b/i.test(name);
    const isPassword = !isSalt && /pass|pw|secret|key|phrase|master|psk/i.test(name);
    named.set(id, { bytes, isPassword, isSalt });
  };
  const words = new Set(call.match(/[A-Za-z_]\w*/g) ?? []);
  for (const { bytes, before } of literalsIn(text)) {
    const name = /([A-Za-z_]\w*)\s*(?:\[\w*\])?\s*(?::[^=\n]*)?(?::?=)[^=\n]*$/.exec(before)?.[1];
    if (name !== undefined && words.has(name)) add(bytes, name);
  }
  for (const { bytes, before } of literalsIn(call)) add(bytes, before.slice(-12));
  return [...named.values()];
}

/** Returns what the call may do: its functions, hashes and counts. */
function derivationsOf(call: string, text: string): Derivation[] {
  const numbers = numbersOf(call, text);
  const mentioned = HASHES.filter((hash) => new RegExp(hash.replace("sha", "sha[-_]?"), "i").test(call));
  const hashes = mentioned.length > 0 ? mentioned : HASHES.slice(0, 2);
  const stated = numbers.filter((count) => count >= MIN_COUNT && count <= MAX_COUNT);
  const counts = stated.length > 0 ? stated : USUAL_COUNTS;
  const list: Derivation[] = [];
  if (/pbkdf2|Rfc2898|PBEKeySpec/i.test(call))
    for (const count of counts) for (const hash of hashes) list.push(pbkdf2(hash, count));
  if (/scrypt/i.test(call)) list.push(...scrypts(numbers));
  if (/hkdf/i.test(call)) for (const hash of hashes) list.push(hkdf(hash, call));
  if (/EVP_BytesToKey|CryptoJS|openssl enc/i.test(call))
    for (const hash of HASHES)
      for (const count of new Set([1, ...stated, ...numbers.filter((number) => number <= 20)]))
        list.push(bytesToKey(hash, count));
  return list;
}

function pbkdf2(hash: string, count: number): Derivation {
  return {
    name: `PBKDF2 with ${hash} and ${count} rounds`,
    cost: ROUND * count,
    derive: (password, salt) => asBytes(pbkdf2Sync(password, salt, count, KEY_LENGTH, hash)),
  };
}

function scrypts(numbers: readonly number[]): Derivation[] {
  const stated = numbers.filter((n) => n >= 1024 && n <= 1 << 20 && (n & (n - 1)) === 0);
  return [...new Set([...stated, 16_384])].map((N) => ({
    name: `scrypt with N = ${N}, r = 8`,
    cost: SCRYPT_BYTE * 1024 * N,
    derive: (password, salt) =>
      asBytes(scryptSync(password, salt, KEY_LENGTH, { N, r: 8, p: 1, maxmem: 2048 * N })),
  }));
}

/** HKDF with the information at the call. */
function hkdf(hash: string, call: string): Derivation {
  const info = /info\s*[=:]\s*(?:b|new TextEncoder\(\)\.encode\(|Buffer\.from\()?["']([^"'\n]*)["']/.exec(
    call,
  );
  return {
    name: `HKDF with ${hash}, info ${JSON.stringify(info?.[1] ?? "")}`,
    cost: HASHING,
    derive: (password, salt) =>
      new Uint8Array(hkdfSync(hash, password, salt, Buffer.from(info?.[1] ?? "", "latin1"), KEY_LENGTH)),
  };
}

function bytesToKey(hash: string, count: number): Derivation {
  return {
    name: `EVP_BytesToKey with ${hash}${count === 1 ? "" : ` and ${count} rounds`}`,
    cost: HASHING * count,
    derive: (password, salt) => {
      let key: Bytes = new Uint8Array();
      for (let block: Bytes = new Uint8Array(); key.length < KEY_LENGTH; key = concat([key, block])) {
        block = concat([block, password, salt.slice(0, 8)]);
        for (let round = 0; round < count; round++) block = asBytes(createHash(hash).update(block).digest());
      }
      return key.slice(0, KEY_LENGTH);
    },
  };
}

/** Returns the numbers at a call, and those that are assigned to names at the call. */
function numbersOf(call: string, text: string): number[] {
  const words = new Set(call.match(/[A-Za-z_]\w*/g) ?? []);
  const assigned = [...text.matchAll(/\b([A-Za-z_]\w*)\s*(?::[^=\n]*)?:?=\s*(\d[\d_*<>{} ]*)/g)]
    .filter(([, name]) => name !== undefined && words.has(name))
    .map(([, , value]) => value ?? "");
  const written = call.match(/\b\d[\d_]*(?: *(?:\*\*|<<) *\d+)?/g) ?? [];
  return [...new Set([...written, ...assigned].map(evaluate))];
}

function evaluate(written: string): number {
  const [base = "", power] = written.replaceAll("_", "").split(/\*\*|<</);
  if (power === undefined) return Number.parseInt(base, 10);
  return written.includes("<<") ? Number(base) * 2 ** Number(power) : Number(base) ** Number(power);
}
