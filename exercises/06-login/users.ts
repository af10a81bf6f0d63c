/**
 * Exercise 06: edit the user list
 *
 * Run:  npx tsx exercises/06-login/users.ts add alice --role operator
 * Pair: npx tsx exercises/06-login/server.ts
 *
 * Adds, removes, locks or unlocks a user, changes a password or a role, or shows the list. A
 * running server applies the change at once: it ends the sessions of that user.
 */
import process from "node:process";
import { isName } from "../../lib/bytes/names.ts";
import { printable, quoted } from "../../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { checkUncommonPassword } from "../../lib/passwords/common-passwords.ts";
import { COST, MAX_COST } from "../../lib/passwords/password.ts";
import { promptNewPassword, readPassword } from "../../lib/passwords/password-prompt.ts";
import { type Credential, MIN_ITERATIONS, makeCredential } from "./scram.ts";
import { parseRole, ROLES, SALT_LENGTH, type User, userListFile } from "./user-list.ts";

const USAGE = `Edits the user list of exercise 06's server.

Usage: npx tsx exercises/06-login/users.ts COMMAND [--users FILE] [flags]

  add NAME              add a user; asks for the password twice
    --role ROLE         ${ROLES.join(", ")} (${ROLES[0]})
  passwd NAME           change a user's password
  role NAME ROLE        change a user's role
  lock NAME             let a user no longer log in
  unlock NAME           let a user log in again
  remove NAME           remove a user
  list                  show the users, without passwords

  --users FILE          the user list (${import.meta.dirname}/users.csv)
  --password-file FILE  add, passwd: read the password from the first line of FILE; - is standard input
  --cost N              add, passwd: PBKDF2 iterations (${COST})
  --help                show this help

If standard input is not a terminal, the password is its first line. A password has at least 8 characters and at most
512 bytes, and is not among the most common ones. It cannot be passed as an argument, because other users of the
machine could see it.
Exit status: 0 done; 1 refused; 2 usage.`;

const FLAGS = {
  users: { value: "FILE", default: `${import.meta.dirname}/users.csv`, help: "" },
  role: { value: "ROLE", help: "" },
  "password-file": { value: "FILE", help: "" },
  cost: { value: "N", help: "" },
  help: { help: "" },
};
const PASSWORD_FLAGS = ["password-file", "cost"];
const COMMANDS: Record<string, { run: () => Promise<void>; words: number; flags: string[] }> = {
  add: { run: add, words: 1, flags: ["role", ...PASSWORD_FLAGS] },
  passwd: { run: changePassword, words: 1, flags: PASSWORD_FLAGS },
  role: { run: changeRole, words: 2, flags: [] },
  lock: { run: () => setLock(true), words: 1, flags: [] },
  unlock: { run: () => setLock(false), words: 1, flags: [] },
  remove: { run: remove, words: 1, flags: [] },
  list: { run: list, words: 0, flags: [] },
};

installErrorHandlers();
const { values, words } = parseFlags(process.argv.slice(2), FLAGS);
if (values["help"] !== undefined) {
  console.log(USAGE);
  process.exit(0);
}
const [word = "", name = "", newRole = ""] = words;
const userList = userListFile(values["users"] ?? "");
const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
if (!command)
  throw new UsageError(`${word ? `no such command: ${printable(word)}` : "no command given"}; see --help`);
checkArguments(command);
await command.run();

async function add(): Promise<void> {
  const role = asUsage(() => parseRole(values["role"] ?? ROLES[0]));
  // before asking for the password
  checkIsNew((await userList.read()) ?? []);
  const credential = await newCredential();
  await userList.edit((users) => {
    checkIsNew(users);
    return [...users, { name, credential, role, isLocked: false }];
  });
  console.error(`added ${name}, ${role}`);

  function checkIsNew(users: User[]): void {
    if (users.some((other) => other.name === name)) throw new Error(`${name} is already in the list`);
  }
}

async function changePassword(): Promise<void> {
  find((await userList.read()) ?? []);
  const credential = await newCredential();
  await change((user) => ({ ...user, credential }));
  console.error(`changed the password of ${name}`);
}

async function changeRole(): Promise<void> {
  const role = asUsage(() => parseRole(newRole));
  await change((user) => ({ ...user, role }));
  console.error(`${name} is ${role} now`);
}

async function setLock(isLocked: boolean): Promise<void> {
  await change((user) => ({ ...user, isLocked }));
  console.error(`${isLocked ? "locked" : "unlocked"} ${name}`);
}

async function remove(): Promise<void> {
  await userList.edit((users) => {
    const user = find(users);
    return users.filter((other) => other !== user);
  });
  console.error(`removed ${name}`);
}

async function list(): Promise<void> {
  for (const user of await userList.load())
    console.log(`${user.name}: ${user.role}${user.isLocked ? ", locked" : ""}`);
}

async function change(edit: (user: User) => User): Promise<void> {
  await userList.edit((users) => {
    const user = find(users);
    return users.map((other) => (other === user ? edit(other) : other));
  });
}

function find(users: User[]): User {
  const user = users.find((other) => other.name === name);
  if (!user) throw new Error(`${name} is not in the list`);
  return user;
}

async function newCredential(): Promise<Credential> {
  const iterations = asUsage(() => parseCost(values["cost"]));
  const source = values["password-file"] ?? (process.stdin.isTTY ? undefined : "-");
  const password =
    source === undefined ? await promptNewPassword(checkUncommonPassword) : await readPassword(source);
  checkUncommonPassword(password);
  return makeCredential(password, { salt: randomBytes(SALT_LENGTH), iterations });
}

function parseCost(text: string = String(COST)): number {
  const cost = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (cost >= MIN_ITERATIONS && cost <= MAX_COST) return cost;
  throw new Error(`--cost ${quoted(text)}: expected a whole number from ${MIN_ITERATIONS} to ${MAX_COST}`);
}

/** Checks that the command has all given flags, and its words. */
function checkArguments({ words: count, flags }: { words: number; flags: string[] }): void {
  const foreign = Object.keys(values).find(
    (flag) => flag !== "users" && values[flag] !== undefined && !flags.includes(flag),
  );
  if (foreign !== undefined) throw new UsageError(`${word} has no flag --${foreign}; see --help`);
  if (words.length !== 1 + count)
    throw new UsageError(
      `${word} takes ${["no arguments", "one name", "a name and a role"][count]}; see --help`,
    );
  if (count > 0 && !isName(name)) throw new UsageError(`invalid name: ${quoted(name)}`);
}

/** Runs `read`, and turns its errors into usage errors. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
