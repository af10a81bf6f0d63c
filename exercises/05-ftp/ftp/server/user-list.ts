/**
 * The users: a CSV file (RFC 4180) that only its owner may read.
 *
 *     name,password,home,quota,rights
 *     alice,$pbkdf2-sha256$i=600000$SALT$HASH,/alice,2 GiB,read write
 *
 * - name: letters, digits, `.`, `_` and `-`; case matters
 * - password: see lib/passwords/password.ts
 * - home: a path below the server's root, which is `/`
 * - quota: bytes, KiB, MiB, GiB or TiB for all files in the home; empty for no limit
 * - rights: `read`, `write` and `admin`, separated by spaces; `read` is required, and an admin has
 *   the rights for the whole root
 */
import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { isName } from "../../../../lib/bytes/names.ts";
import { quoted } from "../../../../lib/bytes/printable.ts";
import { findExposure, readSmallFile } from "../../../../lib/files/small-file.ts";
import { type Listeners, WatchedFile } from "../../../../lib/files/watched-file.ts";
import {
  COST,
  dummyRecord,
  formatRecord,
  isPassword,
  type PasswordRecord,
  parseRecord,
} from "../../../../lib/passwords/password.ts";
import { resolvePath } from "../storage/path.ts";

/** Bytes of the largest file that is read: some thousands of users. */
export const FILE_LIMIT = 1024 * 1024;
/** Owner only. */
export const FILE_MODE = 0o600;

const COLUMNS = ["name", "password", "home", "quota", "rights"] as const;
const RIGHTS = ["read", "write", "admin"];
const UNITS = ["", "KiB", "MiB", "GiB", "TiB"];
const QUOTA = /^(\d{1,16}) ?(KiB|MiB|GiB|TiB|)$/;

/** An account. */
export interface User {
  name: string;
  /** A path below the server's root. */
  home: string;
  /** Bytes; undefined for no limit. */
  quota: number | undefined;
  readOnly: boolean;
  /** Whether the user may access the whole root. */
  admin: boolean;
}

/** A user as stored in the file. */
export interface UserEntry extends User {
  password: PasswordRecord;
}

type Row = Record<(typeof COLUMNS)[number], string>;

/** Parses a list. @throws Error that names the line, without quoting what may be a password */
export function parseUsers(text: string): UserEntry[] {
  const [header, ...rows] = parseRows(text);
  if (COLUMNS.some((column) => header?.record[column] !== column))
    throw new Error(`line 1: expected ${COLUMNS.join(",")}`);
  const seen = new Set<string>();
  return rows.map(({ record, info: { lines: line } }) => {
    try {
      const entry = parseRow(record);
      if (seen.has(entry.name)) throw new Error(`${entry.name} is listed twice`);
      seen.add(entry.name);
      return entry;
    } catch (error) {
      throw new Error(`line ${line}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** Returns the text of a list. */
export function formatUsers(users: readonly UserEntry[]): string {
  const rows = users.map(({ name, password, home, quota, readOnly, admin }) => ({
    name,
    password: formatRecord(password),
    home,
    quota: formatQuota(quota),
    rights: formatRights({ readOnly, admin }),
  }));
  // unquoted cells lose spaces at their ends
  return stringify(rows, { header: true, columns: [...COLUMNS], quoted_match: /^\s|\s$/ });
}

/** Returns the rights of a user, as the list has them. */
export function formatRights({ readOnly, admin }: Pick<User, "readOnly" | "admin">): string {
  return RIGHTS.filter((right) => (right === "write" ? !readOnly : right === "admin" ? admin : true)).join(
    " ",
  );
}

/**
 * Returns the users in `file`; undefined if it does not exist.
 *
 * @throws Error that names the file, and the line if there is one
 */
export async function readUsers(file: string): Promise<UserEntry[] | undefined> {
  const contents = await readSmallFile(file, FILE_LIMIT);
  if (!contents) return undefined;
  try {
    const exposure = findExposure(file, contents);
    if (exposure !== undefined) throw new Error(exposure);
    return parseUsers(contents.text);
  } catch (error) {
    throw new Error(`cannot read the user list ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * The users in a file that may change at any time. An invalid version leaves the last valid one in
 * force.
 */
export class UserList {
  readonly #file: WatchedFile<Map<string, UserEntry>>;

  /** Reads `file`. @throws Error if it is missing, or as `readUsers` */
  static async load(file: string): Promise<UserList> {
    return new UserList(await WatchedFile.open(file, async () => byName(file, await readUsers(file))));
  }

  private constructor(file: WatchedFile<Map<string, UserEntry>>) {
    this.#file = file;
  }

  /** Returns the current user with this name, if any. */
  find(name: string): User | undefined {
    const entry = this.#file.value.get(name);
    return entry && toUser(entry);
  }

  /**
   * Returns the user with this name and password, if any.
   *
   * Takes the same time for unknown users and wrong passwords: as many iterations as the costliest
   * record. Hashes at most two passwords at a time.
   */
  async verify(name: string, password: string): Promise<User | undefined> {
    const costs = [...this.#file.value.values()].map((user) => user.password.cost);
    const highest = costs.length === 0 ? COST : Math.max(...costs);
    const entry = this.#file.value.get(name);
    const isRight = await isPassword(password, entry?.password ?? dummyRecord(highest), highest);
    // the list may have changed during the await
    const now = this.#file.value.get(name);
    const isSame = entry && now && formatRecord(entry.password) === formatRecord(now.password);
    return isRight && isSame ? toUser(now) : undefined;
  }

  /** Watches the file, as `WatchedFile` does. */
  watch(listeners: Listeners): () => void {
    return this.#file.watch(listeners);
  }
}

function byName(file: string, users: UserEntry[] | undefined): Map<string, UserEntry> {
  if (!users) throw new Error(`cannot read the user list ${file}: no such file`);
  return new Map(users.map((user) => [user.name, user]));
}

function toUser({ name, home, quota, readOnly, admin }: UserEntry): User {
  return { name, home, quota, readOnly, admin };
}

function parseRow({ name, password, home, quota, rights }: Row): UserEntry {
  if (!isName(name)) throw new Error(`invalid name ${quoted(name, 64)}`);
  const words = rights.split(/\s+/);
  const isKnown = words.every((word, index) => RIGHTS.includes(word) && words.indexOf(word) === index);
  if (!isKnown || !words.includes("read")) throw new Error(`invalid rights ${quoted(rights, 64)}`);
  return {
    name,
    password: parseRecord(password),
    home: parseHome(home),
    quota: parseQuota(quota),
    readOnly: !words.includes("write"),
    admin: words.includes("admin"),
  };
}

/** @throws Error unless `home` is a normal form of `resolvePath` */
export function parseHome(home: string): string {
  const path = home.startsWith("/") ? resolvePath("/", home) : undefined;
  if (path === undefined || path !== home)
    throw new Error(`invalid home ${quoted(home, 64)}: expected a path such as /alice`);
  return path;
}

/** Returns the records of a CSV text, each with the line on which it ends. */
function parseRows(text: string): { record: Row; info: { lines: number } }[] {
  try {
    return parse(text, { bom: true, columns: [...COLUMNS], info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    // its own message may quote the line
    if (error instanceof CsvError)
      throw new Error(
        `line ${error["lines"]}: expected ${COLUMNS.length} cells, and balanced quotation marks`,
      );
    throw error;
  }
}

/**
 * Returns the bytes in a text such as `500 MiB`; undefined for an empty one. @throws Error if it is
 * malformed
 */
export function parseQuota(text: string): number | undefined {
  if (text === "") return undefined;
  const [, digits, unit = ""] = QUOTA.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** UNITS.indexOf(unit);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new Error(`invalid quota ${quoted(text, 64)}: expected bytes, or a size such as 500 MiB`);
}

/** Returns `quota` in the largest unit without a fraction; "" for no limit. */
export function formatQuota(quota: number | undefined): string {
  if (quota === undefined) return "";
  let [value, unit] = [quota, 0];
  while (value > 0 && value % 1024 === 0 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${UNITS[unit]}`.trim();
}
