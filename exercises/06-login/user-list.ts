/**
 * The users: a CSV file (RFC 4180) that only its owner may read.
 *
 *     name,password,role,state
 *     alice,SCRAM-SHA-256$600000:SALT$STOREDKEY:SERVERKEY,operator,
 *     bob,SCRAM-SHA-256$600000:SALT$STOREDKEY:SERVERKEY,user,locked
 *
 * - name: letters, digits, `.`, `_` and `-`; case matters
 * - password: what the server stores of it (scram.ts), in the form of RFC 5803 §2
 * - role: `user`, `operator` or `drone`
 * - state: `locked`, or empty
 */
import { isDeepStrictEqual } from "node:util";
import { encodeUtf8, toBase64 } from "../../lib/bytes/bytes.ts";
import { isName } from "../../lib/bytes/names.ts";
import { quoted } from "../../lib/bytes/printable.ts";
import { hmac } from "../../lib/crypto/sha-256.ts";
import { TableFile, type TableFormat } from "../../lib/files/table-file.ts";
import type { Listeners, WatchedFile } from "../../lib/files/watched-file.ts";
import { COST, MAX_COST } from "../../lib/passwords/password.ts";
import { type Credential, fromBase64, MIN_ITERATIONS } from "./scram.ts";

export const ROLES = ["user", "operator", "drone"] as const;
export type Role = (typeof ROLES)[number];

/** A user, as stored in the file. */
export interface User {
  name: string;
  credential: Credential;
  role: Role;
  isLocked: boolean;
}

const LOCKED = "locked";
/** Length of a salt in bytes. */
export const SALT_LENGTH = 16;
const KEY_LENGTH = 32;
const CREDENTIAL = /^SCRAM-SHA-256\$([1-9]\d{0,8}):([^$:]+)\$([^$:]+):([^$:]+)$/;

const FORMAT: TableFormat<User> = {
  title: "user list",
  columns: ["name", "password", "role", "state"],
  // owner only: a stolen list can be searched for weak passwords
  mode: 0o600,
  parse: parseRow,
  format: ({ name, credential, role, isLocked }) => [
    name,
    formatCredential(credential),
    role,
    isLocked ? LOCKED : "",
  ],
  unique: ({ name }) => [name],
};

/** Returns the list in `file`, to read and to edit. */
export function userListFile(file: string): TableFile<User> {
  return new TableFile(file, FORMAT);
}

/**
 * The users in a file that may change at any time. An invalid version leaves the last valid one in
 * force.
 */
export class UserList {
  readonly #file: WatchedFile<Map<string, User>>;
  readonly #secret: Uint8Array<ArrayBuffer>;

  /**
   * Reads `file`.
   *
   * @param secret 32 bytes that only this server knows, for the salts of unknown users
   * @throws Error that names the file, and the line if there is one
   */
  static async open(file: string, secret: Uint8Array<ArrayBuffer>): Promise<UserList> {
    const byName = (users: readonly User[]) => new Map(users.map((user) => [user.name, user]));
    return new UserList(await userListFile(file).open(byName), secret);
  }

  private constructor(file: WatchedFile<Map<string, User>>, secret: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    this.#secret = secret;
  }

  /** Returns the user with this name, if any. */
  find(name: string | undefined): User | undefined {
    return name === undefined ? undefined : this.#file.value.get(name);
  }

  /** Says whether the list still has `user`, with the same password, role and state. */
  isCurrent(user: User): boolean {
    return isDeepStrictEqual(this.#file.value.get(user.name), user);
  }

  /**
   * Returns a credential for a name that is not in the list: always the same salt, and the number
   * of iterations that most users have, so that it looks like that of a user.
   */
  imitate(name: string): Credential {
    const hash = hmac(this.#secret, encodeUtf8(`sml/06/v1/salt ${name}`));
    const salt = hash.slice(0, SALT_LENGTH);
    // no proof matches it
    return { iterations: this.#usualIterations(), salt, storedKey: hash, serverKey: hash };
  }

  /** Watches the file, as `WatchedFile` does. */
  watch(listeners: Listeners): () => void {
    return this.#file.watch(listeners);
  }

  #usualIterations(): number {
    const counts = new Map<number, number>();
    for (const { credential } of this.#file.value.values())
      counts.set(credential.iterations, (counts.get(credential.iterations) ?? 0) + 1);
    const [usual] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? [COST];
    return usual;
  }
}

function formatCredential({ iterations, salt, storedKey, serverKey }: Credential): string {
  return `SCRAM-SHA-256$${iterations}:${toBase64(salt)}$${toBase64(storedKey)}:${toBase64(serverKey)}`;
}

/** @throws Error that does not quote what may be a password */
function parseCredential(text: string): Credential {
  const [, count = "", salt = "", storedKey = "", serverKey = ""] = CREDENTIAL.exec(text) ?? [];
  const iterations = Number(count);
  if (count === "") throw new Error("the password is not SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY");
  if (iterations < MIN_ITERATIONS || iterations > MAX_COST)
    throw new Error(`the password has ${count} iterations, expected ${MIN_ITERATIONS} to ${MAX_COST}`);
  const credential = {
    iterations,
    salt: fromBase64(salt),
    storedKey: fromBase64(storedKey),
    serverKey: fromBase64(serverKey),
  };
  if (credential.salt.length !== SALT_LENGTH) throw new Error("the password's salt has another length");
  for (const { length } of [credential.storedKey, credential.serverKey])
    if (length !== KEY_LENGTH) throw new Error("a key of the password has another length");
  return credential;
}

function parseRow([name = "", password = "", role = "", state = ""]: string[]): User {
  if (!isName(name)) throw new Error(`invalid name ${quoted(name, 64)}`);
  if (state !== "" && state !== LOCKED)
    throw new Error(`invalid state ${quoted(state, 64)}: expected ${LOCKED}, or nothing`);
  return {
    name,
    credential: parseCredential(password),
    role: parseRole(role),
    isLocked: state === LOCKED,
  };
}

/** @throws Error that names the roles */
export function parseRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new Error(`invalid role ${quoted(text, 64)}: expected ${ROLES.join(", ")}`);
  return role;
}
