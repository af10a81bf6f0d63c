/**
 * The users: a CSV file (RFC 4180) that only its owner may read.
 *
 *     name,password,home,quota,rights
 *     alice,$pbkdf2-sha256$i=600000$SALT$HASH,/alice,2 GiB,read write
 *
 * - name: letters, digits, `.`, `_` and `-`; case counts
 * - password: as lib/passwords/password.ts has it
 * - home: a path within the server's root, which is `/`
 * - quota: bytes, or KiB, MiB, GiB or TiB, that the files in the home may have together; empty for no limit
 * - rights: `read`, `write` and `admin`, with spaces between; everybody has the first, and an admin has them below all of the root
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
import { formatQuota, parseQuota } from "./quota.ts";

/** Bytes of the largest list that is read: some thousands of users. */
export const FILE_LIMIT = 1024 * 1024;
/** Who may read and write the file. */
export const FILE_MODE = 0o600;

const COLUMNS = ["name", "password", "home", "quota", "rights"] as const;
const RIGHTS = ["read", "write", "admin"];

/** Somebody who may log in. */
export interface User {
  name: string;
  /** A path within the server's root. */
  home: string;
  /** Bytes; undefined for no limit. */
  quota: number | undefined;
  readOnly: boolean;
  /** Whether everything below the root is hers, and not her home alone. */
  admin: boolean;
}

/** A user as the file has it. */
export interface UserEntry extends User {
  password: PasswordRecord;
}

type Row = Record<(typeof COLUMNS)[number], string>;

/** Returns the users of a list. @throws Error that names the line; it never repeats what may be a password */
export function parseUsers(text: string): UserEntry[] {
  const [header, ...rows] = parseRows(text);
  if (COLUMNS.some((column) => header?.record[column] !== column))
    throw new Error(`line 1: expected ${COLUMNS.join(",")}`);
  const seen = new Set<string>();
  return rows.map(({ record, info: { lines: line } }) => {
    try {
      const entry = parseRow(record);
      if (seen.has(entry.name)) throw new Error(`${entry.name} is in the list twice`);
      seen.add(entry.name);
      return entry;
    } catch (error) {
      throw new Error(`line ${line}: ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** Returns `users` as the text of a list. */
export function formatUsers(users: readonly UserEntry[]): string {
  const rows = users.map(({ name, password, home, quota, readOnly, admin }) => ({
    name,
    password: formatRecord(password),
    home,
    quota: formatQuota(quota),
    rights: formatRights({ readOnly, admin }),
  }));
  // spaces at the ends of a cell count only within quotation marks
  return stringify(rows, { header: true, columns: [...COLUMNS], quoted_match: /^\s|\s$/ });
}

/** Returns what a user may do, in words. */
export function formatRights({ readOnly, admin }: Pick<User, "readOnly" | "admin">): string {
  return RIGHTS.filter((right) => (right === "write" ? !readOnly : right === "admin" ? admin : true)).join(
    " ",
  );
}

/** Returns the users in `file`; undefined when there is no such file. @throws Error that names the file, and the line where there is one */
export async function readUsers(file: string): Promise<UserEntry[] | undefined> {
  const contents = await readSmallFile(file, FILE_LIMIT);
  if (!contents) return undefined;
  try {
    const exposure = findExposure(file, contents);
    if (exposure !== undefined) throw new Error(exposure);
    return parseUsers(contents.text);
  } catch (error) {
    throw new Error(
      `the user list ${file} cannot be used: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The list in a file, which may change at any time; a version that cannot be used leaves the last good one in force. */
export class UserList {
  readonly #file: WatchedFile<Map<string, UserEntry>>;

  /** Reads `file`. @throws Error when it is missing, or as `readUsers` */
  static async load(file: string): Promise<UserList> {
    return new UserList(await WatchedFile.open(file, async () => byName(file, await readUsers(file))));
  }

  private constructor(file: WatchedFile<Map<string, UserEntry>>) {
    this.#file = file;
  }

  /** Returns the user of this name; undefined when there is none, or none any more. */
  find(name: string): User | undefined {
    const entry = this.#file.value.get(name);
    return entry && toUser(entry);
  }

  /**
   * Returns the user of this name if that is the password.
   *
   * It takes the same time whether the user exists or not, and whatever the password is: as many iterations as the costliest
   * record of the list needs. At most two passwords are hashed at a time.
   *
   * @throws Error when too many wait for their turn already
   */
  async verify(name: string, password: string): Promise<User | undefined> {
    const costs = [...this.#file.value.values()].map((user) => user.password.cost);
    const highest = costs.length === 0 ? COST : Math.max(...costs);
    const entry = this.#file.value.get(name);
    const isRight = await isPassword(password, entry?.password ?? dummyRecord(highest), highest);
    // the list may have changed meanwhile
    const now = this.#file.value.get(name);
    const isSame = entry && now && formatRecord(entry.password) === formatRecord(now.password);
    return isRight && isSame ? toUser(now) : undefined;
  }

  /** Looks at the file from now on, as `WatchedFile` does. */
  watch(listeners: Listeners): () => void {
    return this.#file.watch(listeners);
  }
}

function byName(file: string, users: UserEntry[] | undefined): Map<string, UserEntry> {
  if (!users) throw new Error(`the user list ${file} cannot be used: there is no such file`);
  return new Map(users.map((user) => [user.name, user]));
}

function toUser({ name, home, quota, readOnly, admin }: UserEntry): User {
  return { name, home, quota, readOnly, admin };
}

function parseRow({ name, password, home, quota, rights }: Row): UserEntry {
  if (!isName(name)) throw new Error(`not a name: ${quoted(name, 64)}`);
  const words = rights.split(/\s+/);
  const isKnown = words.every((word, index) => RIGHTS.includes(word) && words.indexOf(word) === index);
  if (!isKnown || !words.includes("read")) throw new Error(`not rights: ${quoted(rights, 64)}`);
  return {
    name,
    password: parseRecord(password),
    home: parseHome(home),
    quota: parseQuota(quota),
    readOnly: !words.includes("write"),
    admin: words.includes("admin"),
  };
}

/** @throws Error unless `home` is a path as path.ts has it */
export function parseHome(home: string): string {
  const path = home.startsWith("/") ? resolvePath("/", home) : undefined;
  if (path === undefined || path !== home) throw new Error(`not a home: ${quoted(home, 64)}, expected /NAME`);
  return path;
}

/** The records of a CSV text, each with the line where it ends. */
function parseRows(text: string): { record: Row; info: { lines: number } }[] {
  try {
    return parse(text, { bom: true, columns: [...COLUMNS], info: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    // its own words may repeat the line
    if (error instanceof CsvError)
      throw new Error(
        `line ${error["lines"]}: not ${COLUMNS.length} cells, or a quotation mark too few or too many`,
      );
    throw error;
  }
}
