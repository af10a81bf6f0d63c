/**
 * Exercise 03, with real processes: who is served and who is not, and a list that changes under
 * way.
 */
import { chmod, lstat, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { loadKeys } from "../support/keys.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";
import { rejects } from "../support/rejects.ts";

const FOLDER = "exercises/03-allow-list";
const HEADER = "name,fingerprint,comment";

interface Scene {
  keys: KeyFolder;
  /** The file of the list. */
  list: string;
  allow: (...args: string[]) => Promise<Ending>;
  server: Program;
  client: (name: string, ...args: string[]) => Program;
}

/** A server whose list has alice and bob on it, and mallory beside it. */
async function withScene(work: (scene: Scene) => Promise<void>): Promise<Ending> {
  const keys = await makeKeyFolder({
    server: "rsa-3072",
    alice: "rsa-2048-a",
    bob: "rsa-2048-b",
    mallory: "rsa-2048-c",
  });
  const list = keys.file("allowed.csv");
  await writeFile(
    list,
    `${HEADER}\nalice,${keys.fingerprint("alice")},her laptop\nbob,${keys.fingerprint("bob")},\n`,
  );
  const common = ["--keys", keys.path];
  const server = new Program([
    ...TSX,
    `${FOLDER}/server.ts`,
    "pong",
    "--port",
    "0",
    ...common,
    "--allowed",
    list,
  ]);
  try {
    const port = String(await server.port());
    await work({
      keys,
      list,
      server,
      allow: (...args) => new Program([...TSX, `${FOLDER}/allow.ts`, "--allowed", list, ...args]).ending,
      client: (name, ...args) =>
        new Program([...TSX, `${FOLDER}/client.ts`, "--port", port, ...common, "--name", name, ...args], {
          keepOpen: args.length === 0,
        }),
    });
    server.child.kill("SIGTERM");
    const ending = await server.ending;
    assert.is(ending.status, 0, ending.stderr);
    assert.not.match(ending.stderr, /^ +at /m);
    return ending;
  } finally {
    await server.stop();
    await keys.remove();
  }
}

test("clients on the list are served; others are refused with the reason", async () => {
  const server = await withScene(async ({ keys, client }) => {
    const names = ["alice", "bob", "mallory"];
    const [alice, bob, mallory] = await Promise.all(names.map((name) => client(name, `I am ${name}`).ending));
    for (const served of [alice, bob]) {
      assert.is(served?.stdout, "Received message: pong\n", served?.stderr);
      assert.is(served?.status, 0);
    }
    assert.is(mallory?.stdout, "");
    assert.is(mallory?.status, 1);
    const refusal = `\nerror: the server refuses us: ${keys.fingerprint("mallory")} is not on the list\n`;
    assert.ok(mallory?.stderr.endsWith(refusal), mallory?.stderr);
  });
  assert.equal(
    server.stdout.trimEnd().split("\n").sort(),
    ["alice", "bob"].map((name) => `Received message: I am ${name}`),
  );
  assert.match(server.stderr, /^127\.0\.0\.1:\d+: refused the client: SHA256:\S{43} is not on the list$/m);
});

test("mallory with alice's public key is refused, for she cannot prove it", async () => {
  const ending = await withScene(async ({ keys, client, server }) => {
    await writeFile(keys.file("mallory.pub.pem"), await readFile(keys.file("alice.pub.pem")));
    const mallory = await client("mallory", "hello").ending;
    assert.is(mallory.status, 1);
    assert.match(mallory.stderr, /mallory\.pub\.pem cannot be used: it is not the public half of/);

    // nor when her client sends alice's key all the same, and signs with her own
    const [alice, mallory2] = [await loadKeys("rsa-2048-a"), await loadKeys("rsa-2048-c")];
    const forged = { ...alice, signingKey: mallory2.signingKey };
    await rejects(
      connectChannel({ host: "127.0.0.1", port: await server.port() }, { identity: forged }),
      /closed|reset the connection/,
    );
    await server.waitFor(/(its proof was altered, is not of this session)/);
    assert.is((await client("alice", "still here").ending).status, 0);
  });
  assert.is(ending.stdout, "Received message: still here\n");
});

test("a key that is removed is cut off in the middle of its conversation; others go on", async () => {
  await withScene(async ({ client, allow, server }) => {
    const [alice, bob] = [client("alice"), client("bob")];
    for (const program of [alice, bob]) {
      program.child.stdin?.write("one\n");
      await program.waitForOutput(/Received message: (pong)/);
    }
    assert.is((await allow("remove", "alice")).status, 0);
    const { status, stdout, stderr } = await alice.ending;
    assert.is(status, 1, stderr);
    assert.is(stdout, "Received message: pong\n");
    await server.waitFor(/(: its key was taken off the list)/);
    bob.child.stdin?.end("two\n");
    assert.is((await bob.ending).stdout, "Received message: pong\n".repeat(2));

    const again = await client("alice", "and now?").ending;
    assert.is(again.status, 1);
    assert.match(again.stderr, /is not on the list\n$/);
  });
});

test("a key that is added is let in, by its file or its fingerprint", async () => {
  await withScene(async ({ keys, client, allow, server, list }) => {
    assert.is((await client("mallory", "let me in").ending).status, 1);
    const added = await allow("add", "m.", keys.file("mallory.pub.pem"), "after", "all,", 'said "yes"');
    assert.is(added.stderr, `added m., ${keys.fingerprint("mallory")}\n`);
    await server.waitFor(/(has changed)/);
    assert.is((await client("mallory", "thank you").ending).stdout, "Received message: pong\n");
    assert.is(
      (await allow("list")).stdout.split("\n")[2],
      `m.     ${keys.fingerprint("mallory")}  after all, said "yes"`,
    );
    assert.ok((await readFile(list, "utf8")).endsWith(`,"after all, said ""yes"""\n`));

    assert.is((await allow("remove", "bob")).status, 0);
    assert.is((await allow("add", "robert", keys.fingerprint("bob"))).status, 0);
    assert.match(
      (await allow("list")).stdout,
      new RegExp(`^robert  ${keys.fingerprint("bob").replaceAll("+", "\\+")}$`, "m"),
    );
  });
});

test("a list that no longer parses is reported with its line, once, and the last good one stays in force", async () => {
  const ending = await withScene(async ({ client, server, list, keys }) => {
    await writeFile(list, `${HEADER}\nalice,${keys.fingerprint("alice")},\nbob,nonsense\u001b[2J,\n`);
    await server.waitFor(/(line 3: not a fingerprint)/);
    assert.is((await client("bob", "I am still here").ending).status, 0);
    await rm(list);
    await server.waitFor(/(there is no such file)/);
    assert.is((await client("alice", "me too").ending).status, 0);
    assert.match((await client("mallory", "and I?").ending).stderr, /is not on the list\n$/);
  });
  assert.is(ending.stderr.match(/cannot be used/g)?.length, 2);
  assert.not.match(ending.stderr, /[^\P{Cc}\n]/u);
});

test("a server does not start with a list that is missing or damaged, and names its line", async () => {
  const keys = await makeKeyFolder({ server: "rsa-2048-a" });
  try {
    const list = keys.file("allowed.csv");
    const start = [
      "exercises/03-allow-list/server.ts",
      "pong",
      "--port",
      "0",
      "--keys",
      keys.path,
      "--allowed",
      list,
    ];
    const missing = await new Program([...TSX, ...start]).ending;
    assert.is(missing.stderr, `error: the allow list ${list} cannot be used: there is no such file\n`);
    assert.is(missing.status, 1);
    await writeFile(list, `${HEADER}\nalice,SHA256:short,\n`);
    const damaged = await new Program([...TSX, ...start]).ending;
    assert.is(
      damaged.stderr,
      `error: the allow list ${list} cannot be used: line 2: not a fingerprint: "SHA256:short"\n`,
    );
    assert.is(damaged.status, 1);
  } finally {
    await keys.remove();
  }
});

test("of six adds and a removal at once none is lost; mode, link and the other lines stay", async () => {
  const keys = await makeKeyFolder({});
  try {
    const [real, list] = [keys.file("real.csv"), keys.file("allowed.csv")];
    const fingerprint = (letter: string) => `SHA256:${letter.repeat(42)}A`;
    await writeFile(real, `# who\n${HEADER},\r\nalice , ${fingerprint("x")}\r\nbob,${fingerprint("y")},,\n`);
    await chmod(real, 0o600);
    await symlink("real.csv", list);
    const allow = (...args: string[]) =>
      new Program([...TSX, `${FOLDER}/allow.ts`, "--allowed", list, ...args]).ending;
    const letters = ["a", "b", "c", "d", "e", "f"];
    const endings = await Promise.all([
      ...letters.map((letter) => allow("add", letter, fingerprint(letter))),
      allow("remove", "bob"),
    ]);
    for (const { status, stderr } of endings) assert.is(status, 0, stderr);
    const [who, header, alice, ...added] = (await readFile(real, "utf8")).split("\n");
    assert.equal([who, header, alice], ["# who", `${HEADER},\r`, `alice , ${fingerprint("x")}\r`]);
    assert.equal(added.sort(), ["", ...letters.map((letter) => `${letter},${fingerprint(letter)},`)]);
    assert.is((await stat(real)).mode & 0o777, 0o600);
    assert.equal((await readdir(keys.path)).sort(), ["allowed.csv", "real.csv"]);
    assert.ok((await lstat(list)).isSymbolicLink());
  } finally {
    await keys.remove();
  }
});

test("allow.ts leaves a list that is not UTF-8 as it is, and names the line", async () => {
  const keys = await makeKeyFolder({});
  try {
    const list = keys.file("allowed.csv");
    const text = Buffer.from(`${HEADER}\r\nalice,SHA256:${"a".repeat(42)}A,\u00e2\u00ee\r\n`, "latin1");
    await writeFile(list, text);
    for (const args of [["add", "bob", `SHA256:${"b".repeat(42)}A`], ["remove", "alice"], ["list"]]) {
      const ending = await new Program([...TSX, `${FOLDER}/allow.ts`, "--allowed", list, ...args]).ending;
      assert.is(ending.status, 1);
      assert.is(ending.stderr, `error: ${list} cannot be used: line 2 is not UTF-8\n`);
    }
    assert.equal(await readFile(list), text);
  } finally {
    await keys.remove();
  }
});

test("allow.ts makes the list when there is none, and says what it dislikes", async () => {
  const keys = await makeKeyFolder({ alice: "rsa-2048-a" });
  const list = keys.file("new.csv");
  const allow = (...args: string[]) =>
    new Program([...TSX, `${FOLDER}/allow.ts`, "--allowed", list, ...args]).ending;
  try {
    assert.is((await allow("add", "alice", keys.file("alice.pub.pem"))).status, 0);
    assert.is(await readFile(list, "utf8"), `${HEADER}\nalice,${keys.fingerprint("alice")},\n`);
    const refusals: [args: string[], status: number, reason: RegExp][] = [
      [["add", "alice", `SHA256:${"A".repeat(43)}`], 1, /alice is on the list already/],
      [
        ["add", "bob", keys.file("absent.pub.pem")],
        1,
        /absent\.pub\.pem cannot be used: there is no such file/,
      ],
      [["remove", "bob"], 1, /bob is not on the list/],
      [["add", "bob"], 2, /add takes a name, and a fingerprint/],
      [["add", "b/b", keys.fingerprint("alice")], 2, /not a name: "b\/b"/],
      [["frobnicate"], 2, /no such command: frobnicate/],
    ];
    const endings = await Promise.all(refusals.map(([args]) => allow(...args)));
    endings.forEach(({ status, stderr, stdout }, index) => {
      const [args, expected, reason] = refusals[index] ?? [[], 0, /never/];
      assert.is(status, expected, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, reason);
      assert.match(stderr, /^error: [^\n]+\n$/);
      assert.is(stdout, "");
    });
  } finally {
    await keys.remove();
  }
});

test.run();
