/**
 * Exercise 06, with real processes: who logs in, what is confirmed, and what survives a server that
 * is killed, a disk that is full, and a user list that changes under way.
 */
import { spawnSync } from "node:child_process";
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { crash } from "../support/crash.ts";
import { Program, TSX } from "../support/launch.ts";
import { type LoginHouse, PASSWORD, withHouse } from "../support/login-server.ts";

/** The numbers from 1 to `count`, as a client prints them. */
function confirmations(count: number): string {
  return Array.from({ length: count }, (_, index) => `Confirmed: ${index + 1}\n`).join("");
}

async function events(house: LoginHouse): Promise<Record<string, string>[]> {
  const lines = (await readFile(house.log, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

test("users send messages at once; each is confirmed, printed once, and in the journal once, in order", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const input = Array.from({ length: 300 }, (_, index) => `line ${index + 1}`).join("\n");
    const clients = [
      house.client("alice", ["Take", "off.\u001b"]),
      house.client("bob", [], { input }),
      house.client("carol", [], { input }),
      house.client("carol", [], { input: "é\n\n🌉" }),
    ];
    const [one, ...many] = await Promise.all(clients.map(({ ending }) => ending));
    assert.equal([one?.status, one?.stdout], [0, confirmations(1)], one?.stderr);
    assert.equal(
      many.map(({ status, stdout }) => [status, stdout]),
      [300, 300, 3].map((count) => [0, confirmations(count)]),
    );
    server.child.kill("SIGINT");
    const { status, stdout, stderr } = await server.ending;
    assert.is(status, 0, stderr);
    const lines = await house.lines();
    assert.is(lines.length, 604);
    assert.equal(
      stdout.trimEnd().split("\n"),
      lines.map(({ text }) => `Received message: ${text.replace("\u001b", "\\u{1b}")}`),
    );
    for (const session of new Set(lines.map((line) => line.session))) {
      const own = lines.filter((line) => line.session === session).map(({ number }) => number);
      assert.equal(
        own,
        own.map((_, index) => index + 1),
      );
    }
    const outcomes = (await events(house)).map(({ event, user }) => `${event} ${user ?? ""}`.trim());
    for (const event of ["started", "login alice", "end bob", "stopped"])
      assert.ok(outcomes.includes(event), event);
    const log = await readFile(house.log, "utf8");
    assert.not.match(log, /Take|line 1|horse/);
    assert.not.match(log, new RegExp(Buffer.from(PASSWORD).toString("base64")));
  });
});

test("a wrong password, an unknown user and a locked one are refused, and print nothing", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    assert.is((await house.edit("lock", "bob")).stderr, "locked bob\n");
    await writeFile(`${house.passwordFile}.wrong`, "wrong horse battery\n", { mode: 0o600 });
    const wrong = ["--password-file", `${house.passwordFile}.wrong`];
    const attempts: [user: string, args: string[], reason: RegExp][] = [
      ["alice", wrong, /\nerror: the server refuses us: wrong user name or password\n$/],
      ["no-such-user", ["--name", "carol"], /\nerror: the server refuses us: wrong user name or password\n$/],
      ["bob", [], /\nerror: the server refuses us: this account is locked\n$/],
    ];
    for (const [user, args, reason] of attempts) {
      const { status, stdout, stderr } = await house.client(user, ["hello", ...args]).ending;
      assert.is(status, 1);
      assert.is(stdout, "");
      assert.match(stderr, reason);
    }
    assert.equal(await house.lines(), []);
    assert.is((await house.edit("unlock", "bob")).status, 0);
    assert.is((await house.client("bob", ["hello"]).ending).stdout, confirmations(1));
    server.child.kill("SIGINT");
    assert.is((await server.ending).status, 0);
    const refused = (await events(house)).filter(({ event }) => event === "login refused");
    assert.equal(
      refused.map(({ user, outcome }) => [user, outcome]),
      [
        ["alice", "wrong user name or password"],
        [undefined, "wrong user name or password"],
        ["bob", "this account is locked"],
      ],
    );
  });
});

test("the password is sent to no server with another key", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    assert.is((await house.client("alice", ["hello"]).ending).status, 0);
    await server.stop();
    await house.serve("--name", "bob");
    const { status, stdout, stderr } = await house.client("alice", ["hello"]).ending;
    assert.equal([status, stdout], [1, ""]);
    assert.match(stderr, /THE KEY OF 127\.0\.0\.1:\d+ HAS CHANGED/);
  });
});

const EDITS: [name: string, args: string[]][] = [
  ["removed", ["remove", "alice"]],
  ["locked", ["lock", "alice"]],
  ["given another role", ["role", "alice", "user"]],
];
for (const [name, args] of EDITS)
  test(`a user who is ${name} is cut off in the middle of a session; others go on`, async () => {
    await withHouse(async (house) => {
      await house.serve();
      const [alice, bob] = [
        house.client("alice", [], { keepOpen: true }),
        house.client("bob", [], { keepOpen: true }),
      ];
      for (const client of [alice, bob]) {
        client.child.stdin?.write("one\n");
        await client.waitForOutput(/Confirmed: (1)/);
      }
      assert.is((await house.edit(...args)).status, 0);
      const { status, stderr } = await alice.ending;
      assert.is(status, 1);
      assert.match(
        stderr,
        /error: the server refuses us: this account has changed; messages confirmed: 1, not confirmed: 0\n$/,
      );
      bob.child.stdin?.end("two\n");
      assert.is((await bob.ending).stdout, confirmations(2));
    });
  });

test("a server that is killed: the client says so, connects again, and sends what was not confirmed", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const client = house.client("alice", ["--timeout", "120"], { keepOpen: true });
    client.child.stdin?.write("one\ntwo\n");
    await client.waitForOutput(/Confirmed: (2)/);
    await server.stop();
    client.child.stdin?.write("three\n");
    await client.waitFor(/(connecting again)/);
    await house.serve();
    client.child.stdin?.end("four\n");
    const { status, stdout, stderr } = await client.ending;
    assert.is(status, 0, stderr);
    assert.is(stdout, confirmations(4));
    assert.equal(
      (await house.lines()).map(({ text }) => text),
      ["one", "two", "three", "four"],
    );
  });
});

test("a server that does not come back: the client gives up after --timeout, with the numbers", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const client = house.client("alice", ["--timeout", "10"], { keepOpen: true });
    client.child.stdin?.write("one\n");
    await client.waitForOutput(/Confirmed: (1)/);
    await server.stop();
    client.child.stdin?.write("two\n");
    const { status, stdout, stderr } = await client.ending;
    assert.equal([status, stdout], [1, confirmations(1)]);
    assert.match(stderr, /error: nothing listens on [^\n]*; messages confirmed: 1, not confirmed: 1\n$/);
  });
});

test("kills at random moments: nothing confirmed is lost, nothing appears twice", async () => {
  await withHouse((house) => crash(house, { kills: 3, perClient: 400, seed: 6 }));
});

test("a second server with the same journal is refused", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const { status, stderr } = await house.start("server.ts", ...house.serverFlags).ending;
    assert.is(status, 1);
    assert.match(
      stderr,
      new RegExp(`\\nerror: the journal \\S+ cannot be used: process ${server.child.pid} is using it`),
    );
    assert.is((await house.client("alice", ["hello"]).ending).stdout, confirmations(1));
  });
});

test("a journal with a broken tail is cut back and reported; one damaged in the middle is refused", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const input = "one\ntwo\nthree\n";
    assert.is((await house.client("alice", [], { input }).ending).status, 0);
    await server.stop();
    const whole = await readFile(house.journal);
    await truncate(house.journal, whole.length - 20);
    const again = await house.serve();
    assert.match(again.stderr, /journal\.jsonl: line 3 was incomplete: \d+ bytes cut off\n/);
    assert.is((await house.client("alice", ["four"]).ending).stdout, confirmations(1));
    again.child.kill("SIGINT");
    assert.is((await again.ending).status, 0);
    assert.ok((await events(house)).some(({ event }) => event === "journal cut"));
    assert.equal(
      (await house.lines()).map(({ text }) => text),
      ["one", "two", "four"],
    );
    await writeFile(house.journal, (await readFile(house.journal, "utf8")).replace('"two"', '"ten"'));
    const { status, stderr } = await house.start("server.ts", ...house.serverFlags).ending;
    assert.is(status, 1);
    assert.match(stderr, /\nerror: the journal \S+ cannot be used: line 2 is damaged\n$/);
  });
});

test("a user list that cannot be read stays in force as it was, and is reported once", async () => {
  await withHouse(async (house) => {
    const server = await house.serve();
    const good = await readFile(house.users);
    await appendFile(house.users, "dave,secret,user,\n");
    await server.waitFor(/(line 5: the password is not SCRAM-SHA-256)/);
    assert.is((await house.client("alice", ["hello"]).ending).status, 0);
    await writeFile(house.users, good);
    assert.is((await house.edit("remove", "bob")).status, 0);
    assert.not.match(server.stderr, /secret/);
  });
});

test("users.ts refuses short and common passwords, and bad arguments", async () => {
  await withHouse(async (house) => {
    const refusals: [args: string[], password: string, status: number, reason: RegExp][] = [
      [["add", "dave"], "short", 1, /the password is too short: 5 characters/],
      [["add", "dave"], "Password1", 1, /one of the most common ones/],
      [["passwd", "alice"], "trustno1", 1, /one of the most common ones/],
      [["add", "alice"], PASSWORD, 1, /alice is already in the list/],
      [["passwd", "dave"], PASSWORD, 1, /dave is not in the list/],
      [["lock", "dave"], "", 1, /dave is not in the list/],
      [["role", "alice", "admin"], "", 2, /invalid role "admin"/],
      [["role", "alice"], "", 2, /role takes a name and a role/],
      [["add", "a/b"], PASSWORD, 2, /invalid name: "a\/b"/],
      [["add", "dave", "--cost", "100"], PASSWORD, 2, /--cost "100": expected a whole number from 4096/],
      [["list", "--role", "user"], "", 2, /list has no flag --role/],
      [["frobnicate"], "", 2, /no such command: frobnicate/],
    ];
    const before = await readFile(house.users, "utf8");
    for (const [args, input, status, reason] of refusals) {
      const command = [...TSX, "exercises/06-login/users.ts", "--users", house.users, ...args];
      const ending = await new Program(command, { input: `${input}\n` }).ending;
      assert.is(ending.status, status, `${args.join(" ")}: ${ending.stderr}`);
      assert.match(ending.stderr, reason);
      assert.match(ending.stderr, /^error: [^\n]+\n$/);
    }
    assert.is(await readFile(house.users, "utf8"), before);
    assert.is((await house.edit("list")).stdout, "alice: operator\nbob: user\ncarol: user\n");
  });
});

test("a new password ends the user's sessions, and the old one logs in no more", async () => {
  await withHouse(async (house) => {
    await house.serve();
    const client = house.client("alice", [], { keepOpen: true });
    client.child.stdin?.write("one\n");
    await client.waitForOutput(/Confirmed: (1)/);
    await writeFile(`${house.passwordFile}.new`, "another horse battery\n", { mode: 0o600 });
    const changed = ["--password-file", `${house.passwordFile}.new`];
    assert.is((await house.edit("passwd", "alice", "--cost", "4096", ...changed)).status, 0);
    assert.is((await client.ending).status, 1);
    assert.match((await house.client("alice", ["hello"]).ending).stderr, /wrong user name or password\n$/);
    assert.is((await house.client("alice", ["hello", ...changed]).ending).stdout, confirmations(1));
  });
});

const canMount =
  spawnSync("unshare", ["--user", "--map-root-user", "--mount", "true"], { stdio: "ignore" }).status === 0;
(canMount ? test : test.skip)(
  "a full disk: the client hears of it, nothing is confirmed, and the server goes on when there is room",
  async () => {
    const script = `mount -t tmpfs -o size=64k none "$1" && exec ${process.execPath} --import tsx test/support/full-journal.ts "$1"`;
    await withHouse(async (house) => {
      const unshare = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        house.folder,
      ];
      const { status, stdout, stderr } = await new Program(unshare).ending;
      assert.is(status, 0, stderr);
      assert.equal(JSON.parse(stdout), { reported: true, status: 0, lost: 0, twice: 0 });
    });
  },
);

test.run();
