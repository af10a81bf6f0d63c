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
import { isDeepStrictEqual } from "node:util";
import { isName } from "../../../../lib/bytes/names.ts";
import { quoted } from "../../../../lib/bytes/printable.ts";
import {
  formatEntries,
  parseEntries,
  TableFile,
  type TableFormat,
} from "../../../../lib/files/table-file.ts";
import type { Listeners, WatchedFile } from "../../../../lib/files/watched-file.ts";
import {
  COST,
  dummyRecord,
  formatRecord,
  isPassword,
  type PasswordRecord,
  parseRecord,
} from "../../../../lib/passwords/password.ts";
import { resolvePath } from "../storage/path.ts";

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

const FORMAT: TableFormat<UserEntry> = {
  title: "user list",
  columns: ["name", "password", "home", "quota", "rights"],
  // owner only
  mode: 0o600,
  parse: parseRow,
  format: ({ name, password, home, quota, readOnly, admin }) => [
    name,
    formatRecord(password),
    home,
    formatQuota(quota),
    formatRights({ readOnly, admin }),
  ],
  unique: ({ name }) => [name],
};

/** Parses the text of a list. @throws Error that names the line */
export function parseUsers(text: string): UserEntry[] {
  return parseEntries(text, FORMAT);
}

/** Returns the text of a list. */
export function formatUsers(users: readonly UserEntry[]): string {
  return formatEntries(users, FORMAT);
}

/** Returns the list in `file`, to read and to edit. */
export function userListFile(file: string): TableFile<UserEntry> {
  return new TableFile(file, FORMAT);
}

/** Returns the rights of a user, as the list has them. */
export function formatRights({ readOnly, admin }: Pick<User, "readOnly" | "admin">): string {
  return RIGHTS.filter((right) => (right === "write" ? !readOnly : right === "admin" ? admin : true)).join(
    " ",
  );
}

/**
 * The users in a file that may change at any time. An invalid version leaves the last valid one in
 * force.
 */
export class UserList {
  readonly #file: WatchedFile<Map<string, UserEntry>>;
  /** The entries of the users that `verify` has returned. */
  readonly #verified = new WeakMap<User, UserEntry>();

  /** Reads `file`. @throws Error that names the file, and the line if there is one */
  static async load(file: string): Promise<UserList> {
    return new UserList(await userListFile(file).open(byName));
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
    if (!isRight || !isSame) return undefined;
    const user = toUser(now);
    this.#verified.set(user, now);
    return user;
  }

  /**
   * Reports whether the list still has `user`, which `verify` has returned, with the same password,
   * home, quota and rights.
   */
  isCurrent(user: User): boolean {
    const entry = this.#verified.get(user);
    return entry !== undefined && isDeepStrictEqual(this.#file.value.get(user.name), entry);
  }

  /** Watches the file, as `WatchedFile` does. */
  watch(listeners: Listeners): () => void {
    return this.#file.watch(listeners);
  }
}

function byName(users: readonly UserEntry[]): Map<string, UserEntry> {
  return new Map(users.map((user) => [user.name, user]));
}

function toUser({ name, home, quota, readOnly, admin }: UserEntry): User {
  return { name, home, quota, readOnly, admin };
}

/** @throws Error that does not quote what may be a password */
function parseRow([name = "", password = "", home = "", quota = "", rights = ""]: string[]): UserEntry {
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
