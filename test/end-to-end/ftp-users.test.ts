/** Exercise 05's users.ts, with real processes. */
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UserList } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";
import { withFolder } from "../support/temporary.ts";
import { onTerminal } from "../support/terminal.ts";

const SCRIPT = "exercises/05-ftp/users.ts";
const CHEAP = ["--cost", "1000"];

interface Scene {
  folder: string;
  file: string;
  users: (args: string[], input?: string | Uint8Array) => Promise<Ending>;
}

async function withUsers(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    const users = (args: string[], input: string | Uint8Array = "") =>
      new Program([...TSX, SCRIPT, "--users", file, ...args], { input }).ending;
    await use({ folder, file, users });
  });
}

test("add, passwd, list and remove, with a password from standard input, a file, and a terminal", async () => {
  await withUsers(async ({ folder, file, users }) => {
    const added = await users(["add", "alice", ...CHEAP], "correct horse\nignored\n");
    assert.equal(added, {
      status: 0,
      stdout: "",
      stderr: "added alice: home /alice, no quota, read write\n",
    });
    assert.is((await stat(file)).mode & 0o777, 0o600);

    const password = join(folder, "password");
    await writeFile(password, "battery staple\n", { mode: 0o600 });
    const flags = ["--home", "/shared/b", "--quota", "2 GiB", "--read-only", "--admin"];
    const bob = await users(["add", "bob", ...flags, "--password-file", password, ...CHEAP]);
    assert.is(bob.stderr, "added bob: home /shared/b, quota 2 GiB, read admin\n");

    const terminal = await onTerminal(
      [...TSX, SCRIPT, "--users", file, "add", "carol"],
      [
        ["New password: ", "on a terminal\r"],
        ["again: ", "on a terminal\r"],
      ],
    );
    assert.is(terminal.ended, 0, terminal.shown);
    assert.not.match(terminal.shown, /on a terminal/);

    const list = await UserList.load(file);
    assert.equal(await list.verify("bob", "battery staple"), {
      name: "bob",
      home: "/shared/b",
      quota: 2 * 1024 ** 3,
      readOnly: true,
      admin: true,
    });
    assert.ok(await list.verify("alice", "correct horse"));
    assert.ok(await list.verify("carol", "on a terminal"));
    // the default cost is today's recommendation
    assert.match(await readFile(file, "utf8"), /^carol,\$pbkdf2-sha256\$i=600000\$/m);

    assert.is(
      (await users(["passwd", "alice", ...CHEAP], "another horse")).stderr,
      "changed the password of alice\n",
    );
    assert.is((await users(["remove", "bob"])).stderr, "removed bob\n");
    const shown = await users(["list"]);
    assert.is(
      shown.stdout,
      "alice: home /alice, no quota, read write\ncarol: home /carol, no quota, read write\n",
    );
    const now = await UserList.load(file);
    assert.ok(await now.verify("alice", "another horse"));
    assert.not(await now.verify("alice", "correct horse"));
    assert.is(now.find("bob"), undefined);
    assert.equal((await readdir(folder)).sort(), ["password", "users.csv"]);
  });
});

test("four concurrent edits lose no change", async () => {
  await withUsers(async ({ folder, file, users }) => {
    await users(["add", "old", ...CHEAP], "correct horse");
    const names = ["a", "b", "c"];
    const endings = await Promise.all([
      ...names.map((name) => users(["add", name, ...CHEAP], "correct horse")),
      users(["remove", "old"]),
    ]);
    for (const { status, stderr } of endings) assert.is(status, 0, stderr);
    const list = await UserList.load(file);
    for (const name of names) assert.ok(list.find(name), name);
    assert.is(list.find("old"), undefined);
    assert.equal(await readdir(folder), ["users.csv"]);
  });
});

test("errors are reported in one line, with status 1 or 2, and change nothing", async () => {
  await withUsers(async ({ folder, file, users }) => {
    await users(["add", "alice", ...CHEAP], "correct horse");
    const before = await readFile(file, "utf8");
    const open = join(folder, "open");
    await writeFile(open, "correct horse\n");
    await chmod(open, 0o644);
    const horse = "correct horse";
    const refusals: [args: string[], input: string | Uint8Array, status: number, reason: RegExp][] = [
      [[], "", 2, /no command given; see --help/],
      [["add"], horse, 2, /add takes one name; see --help/],
      [["add", "a/b"], horse, 2, /invalid name: "a\/b"/],
      [["add", "bob", "--home", "bob"], horse, 2, /invalid home "bob": expected a path such as \/alice/],
      [["add", "bob", "--quota", "lots"], horse, 2, /invalid quota "lots"/],
      [
        ["add", "bob", "--cost", "999"],
        horse,
        2,
        /--cost "999": expected a whole number from 1000 to 10000000/,
      ],
      [["add", "bob", "--password", "secret"], horse, 2, /unknown flag --password; see --help/],
      [["remove", "alice", "--admin"], "", 2, /remove has no flag --admin; see --help/],
      [["add", "alice"], horse, 1, /alice is already in the list/],
      [["remove", "bob"], "", 1, /bob is not in the list/],
      [["add", "bob"], "", 1, /there is no password on the first line of standard input/],
      [
        ["add", "bob"],
        Buffer.from("correct horse\xe9\n", "latin1"),
        1,
        /on standard input is not valid UTF-8/,
      ],
      [["add", "bob"], Buffer.from("correct horse\xc3", "latin1"), 1, /on standard input is not valid UTF-8/],
      [["add", "bob"], "short\n", 1, /the password is too short: 5 characters, at least 8 are needed/],
      [
        ["add", "bob", "--password-file", open],
        "",
        1,
        /others may read or write it; fix that with: chmod 600/,
      ],
    ];
    for (let start = 0; start < refusals.length; start += 4) {
      await Promise.all(
        refusals.slice(start, start + 4).map(async ([args, input, expected, reason]) => {
          const { status, stdout, stderr } = await users(args, input);
          assert.is(status, expected, `${args.join(" ")}: ${stderr}`);
          assert.match(stderr, reason);
          assert.match(stderr, /^error: [^\n]+\n$/);
          assert.not.match(stderr, /secret|correct horse/);
          assert.is(stdout, "");
        }),
      );
    }
    assert.is(await readFile(file, "utf8"), before);

    await chmod(file, 0o644);
    assert.match(
      (await users(["list"])).stderr,
      /the user list .* cannot be used: others may read or write it; fix that with: chmod 600/,
    );
    const help = await users(["--help"]);
    assert.is(help.status, 0);
    for (const word of [
      "add NAME",
      "passwd NAME",
      "remove NAME",
      "list",
      "--users FILE",
      "--password-file FILE",
    ])
      assert.ok(help.stdout.includes(word), word);
  });
});

test.run();
