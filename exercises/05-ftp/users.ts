/**
 * Exercise 05: edit the user list
 *
 * Run:  npx tsx exercises/05-ftp/users.ts add alice --quota '2 GiB'
 * Pair: npx tsx exercises/05-ftp/server.ts --root DIR
 *
 * Adds or removes a user, changes a password, or shows the list. A running server applies the
 * change at once. Concurrent edits do not lose each other's changes.
 */
import process from "node:process";
import { isName } from "../../lib/bytes/names.ts";
import { printable, quoted } from "../../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { COST, checkNewPassword, hashPassword, MAX_COST, MIN_COST } from "../../lib/passwords/password.ts";
import { promptNewPassword, readPassword } from "../../lib/passwords/password-prompt.ts";
import {
  formatQuota,
  formatRights,
  parseHome,
  parseQuota,
  type UserEntry,
  userListFile,
} from "./ftp/server/user-list.ts";

const USAGE = `Edits the user list of exercise 05's server.

Usage: npx tsx exercises/05-ftp/users.ts COMMAND [--users FILE] [flags]

  add NAME              add a user; asks for the password twice
    --home PATH         home folder, below the server's root (default: /NAME)
    --quota SIZE        limit for all files in the home, in bytes or such as '500 MiB' (default: none)
    --read-only         read-only account
    --admin             admin account: access to the folders of all users
  passwd NAME           change a user's password
  remove NAME           remove a user; the files stay
  list                  show the users, without passwords

  --users FILE          the user list (${import.meta.dirname}/users.csv)
  --password-file FILE  add, passwd: read the password from the first line of FILE; - is standard input
  --cost N              add, passwd: PBKDF2 iterations (${COST})
  --help                show this help

If standard input is not a terminal, the password is its first line. A password has at least 8 characters, and at most
512 bytes. It cannot be passed as an argument, because other users of the machine could see it.
Exit status: 0 done; 1 refused; 2 usage.`;

const FLAGS = {
  users: { value: "FILE", default: `${import.meta.dirname}/users.csv`, help: "" },
  home: { value: "PATH", help: "" },
  quota: { value: "SIZE", help: "" },
  "read-only": { help: "" },
  admin: { help: "" },
  "password-file": { value: "FILE", help: "" },
  cost: { value: "N", help: "" },
  help: { help: "" },
};
const PASSWORD_FLAGS = ["password-file", "cost"];
const COMMANDS: Record<string, { run: (name: string) => Promise<void>; flags: string[] }> = {
  add: { run: add, flags: ["home", "quota", "read-only", "admin", ...PASSWORD_FLAGS] },
  passwd: { run: changePassword, flags: PASSWORD_FLAGS },
  remove: { run: remove, flags: [] },
  list: { run: list, flags: [] },
};

installErrorHandlers();
const { values, words } = parseFlags(process.argv.slice(2), FLAGS);
if (values["help"] !== undefined) {
  console.log(USAGE);
  process.exit(0);
}
const [word = "", name = "", ...more] = words;
const userList = userListFile(values["users"] ?? "");
const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
if (!command)
  throw new UsageError(`${word ? `no such command: ${printable(word)}` : "no command given"}; see --help`);
checkArguments(command.flags);
await command.run(name);

async function add(user: string): Promise<void> {
  const entry = {
    name: user,
    home: asUsage(() => parseHome(values["home"] ?? `/${user}`)),
    quota: asUsage(() => parseQuota(values["quota"] ?? "")),
    readOnly: values["read-only"] !== undefined,
    admin: values["admin"] !== undefined,
  };
  // before asking for the password
  checkIsNew((await userList.read()) ?? []);
  const password = await newRecord();
  await userList.edit((users) => {
    checkIsNew(users);
    return [...users, { ...entry, password }];
  });
  console.error(`added ${describe(entry)}`);

  function checkIsNew(users: UserEntry[]): void {
    if (users.some((other) => other.name === user)) throw new Error(`${user} is already in the list`);
  }
}

async function changePassword(user: string): Promise<void> {
  find((await userList.read()) ?? [], user);
  const password = await newRecord();
  await userList.edit((users) => {
    const entry = find(users, user);
    return users.map((other) => (other === entry ? { ...entry, password } : other));
  });
  console.error(`changed the password of ${user}`);
}

async function remove(user: string): Promise<void> {
  await userList.edit((users) => {
    const entry = find(users, user);
    return users.filter((other) => other !== entry);
  });
  console.error(`removed ${user}`);
}

async function list(): Promise<void> {
  for (const user of await userList.load()) console.log(describe(user));
}

function find(users: UserEntry[], user: string): UserEntry {
  const entry = users.find((other) => other.name === user);
  if (!entry) throw new Error(`${user} is not in the list`);
  return entry;
}

async function newRecord(): Promise<UserEntry["password"]> {
  const cost = asUsage(() => parseCost(values["cost"]));
  const source = values["password-file"] ?? (process.stdin.isTTY ? undefined : "-");
  const password =
    source === undefined ? await promptNewPassword(checkNewPassword) : await readPassword(source);
  checkNewPassword(password);
  return hashPassword(password, cost);
}

function parseCost(text: string = String(COST)): number {
  const cost = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (cost >= MIN_COST && cost <= MAX_COST) return cost;
  throw new Error(`--cost ${quoted(text)}: expected a whole number from ${MIN_COST} to ${MAX_COST}`);
}

function describe(user: Omit<UserEntry, "password">): string {
  const quota = user.quota === undefined ? "no quota" : `quota ${formatQuota(user.quota)}`;
  return `${user.name}: home ${printable(user.home)}, ${quota}, ${formatRights(user)}`;
}

/** Checks that the command has all given flags, and its name. */
function checkArguments(allowed: string[]): void {
  const foreign = Object.keys(values).find(
    (flag) => flag !== "users" && values[flag] !== undefined && !allowed.includes(flag),
  );
  if (foreign !== undefined) throw new UsageError(`${word} has no flag --${foreign}; see --help`);
  if (word === "list") {
    if (name !== "") throw new UsageError("list takes no arguments; see --help");
  } else if (name === "" || more.length > 0) throw new UsageError(`${word} takes one name; see --help`);
  else if (!isName(name)) throw new UsageError(`invalid name: ${quoted(name)}`);
}

/** Runs `read`, and turns its errors into usage errors. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
