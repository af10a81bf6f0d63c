/**
 * Exercise 05: the users, edited
 *
 * Run:  npx tsx exercises/05-ftp/users.ts add alice --quota '2 GiB'
 * Pair: npx tsx exercises/05-ftp/server.ts --root DIR
 *
 * Adds a user with a password, removes one, changes a password, or shows the list. A running server takes the change over
 * at once. Of several who edit at once, none loses what another did.
 */
import process from "node:process";
import { isName } from "../../lib/bytes/names.ts";
import { printable, quoted } from "../../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { replaceSmallFile } from "../../lib/files/small-file.ts";
import { COST, checkNewPassword, hashPassword, MAX_COST, MIN_COST } from "../../lib/passwords/password.ts";
import { promptNewPassword, readPassword } from "../../lib/passwords/password-prompt.ts";
import { withLock } from "./ftp/server/edit-lock.ts";
import { formatQuota, parseQuota } from "./ftp/server/quota.ts";
import {
  FILE_MODE,
  formatRights,
  formatUsers,
  parseHome,
  readUsers,
  type UserEntry,
} from "./ftp/server/user-list.ts";

const USAGE = `Edits the list of the users of exercise 05's server.

Usage: npx tsx exercises/05-ftp/users.ts COMMAND [--users FILE] [flags]

  add NAME              let this user in; asks twice for a password
    --home PATH         her home, within the server's root (/NAME)
    --quota SIZE        bytes, or such as '500 MiB', that her files may have together; without it, any
    --read-only         she may neither write nor remove
    --admin             she is an admin: she sees the folders of all users, and begins in her home
  passwd NAME           give this user another password
  remove NAME           let this user in no more; the files stay
  list                  show the users, without their passwords

  --users FILE          the list (${import.meta.dirname}/users.csv)
  --password-file FILE  add, passwd: the password is the first line of FILE, - is standard input
  --cost N              add, passwd: iterations of PBKDF2 (${COST})
  --help                print this

Where standard input is no terminal, the password is its first line. A password has 8 characters or more, and at most 512
bytes. It never stands on the command line, where everybody on the machine could see it.
Exit status: 0 done; 1 refused; 2 wrong usage.`;

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
const file = values["users"] ?? "";
const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
if (!command)
  throw new UsageError(`${word ? `no such command: ${printable(word)}` : "no command given"}; see --help`);
checkArguments(command.flags);
await command.run(name);

async function add(user: string): Promise<void> {
  const entry = {
    name: user,
    home: meant(() => parseHome(values["home"] ?? `/${user}`)),
    quota: meant(() => parseQuota(values["quota"] ?? "")),
    readOnly: values["read-only"] !== undefined,
    admin: values["admin"] !== undefined,
  };
  // before the password is asked for
  checkIsNew((await readUsers(file)) ?? []);
  const password = await newRecord();
  await edit((users) => {
    checkIsNew(users);
    return [...users, { ...entry, password }];
  });
  console.error(`added ${describe(entry)}`);

  function checkIsNew(users: UserEntry[]): void {
    if (users.some((other) => other.name === user)) throw new Error(`${user} is on the list already`);
  }
}

async function changePassword(user: string): Promise<void> {
  find((await readUsers(file)) ?? [], user);
  const password = await newRecord();
  await edit((users) => {
    const entry = find(users, user);
    return users.map((other) => (other === entry ? { ...entry, password } : other));
  });
  console.error(`changed the password of ${user}`);
}

async function remove(user: string): Promise<void> {
  await edit((users) => {
    const entry = find(users, user);
    return users.filter((other) => other !== entry);
  });
  console.error(`removed ${user}`);
}

async function list(): Promise<void> {
  const users = await readUsers(file);
  if (!users) throw new Error(`${file} cannot be used: there is no such file`);
  for (const user of users) console.log(describe(user));
}

function find(users: UserEntry[], user: string): UserEntry {
  const entry = users.find((other) => other.name === user);
  if (!entry) throw new Error(`${user} is not on the list`);
  return entry;
}

/** Puts what `change` makes of the users in the place of the list. */
async function edit(change: (users: UserEntry[]) => UserEntry[]): Promise<void> {
  await withLock(file, async (checkLock) => {
    const text = formatUsers(change((await readUsers(file)) ?? []));
    await checkLock();
    await replaceSmallFile(file, { text, mode: FILE_MODE });
  });
}

async function newRecord(): Promise<UserEntry["password"]> {
  const cost = meant(() => parseCost(values["cost"]));
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

/** Checks that no flag is given that the command does not have, and a name where one is needed. */
function checkArguments(allowed: string[]): void {
  const foreign = Object.keys(values).find(
    (flag) => flag !== "users" && values[flag] !== undefined && !allowed.includes(flag),
  );
  if (foreign !== undefined) throw new UsageError(`${word} has no flag --${foreign}; see --help`);
  if (word === "list") {
    if (name !== "") throw new UsageError("list takes nothing more; see --help");
  } else if (name === "" || more.length > 0) throw new UsageError(`${word} takes one name; see --help`);
  else if (!isName(name)) throw new UsageError(`not a name: ${quoted(name)}`);
}

/** Runs `read`; what it dislikes is the user's mistake on the command line. */
function meant<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
