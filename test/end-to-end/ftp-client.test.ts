/**
 * Exercise 05's client as a process: single commands, commands on standard input, and the prompt on
 * a terminal.
 */
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat } from "../../lib/bytes/bytes.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { type FakeFtp, withFake } from "../support/fake-ftp.ts";
import { PASSWORDS, type Scene, withFtp } from "../support/ftp-server.ts";
import { makeKeyFolder } from "../support/key-folder.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";
import { withFolder } from "../support/temporary.ts";
import { onTerminal } from "../support/terminal.ts";
import { findVsftpd, startVsftpd } from "../support/vsftpd.ts";

const SCRIPT = "exercises/05-ftp/client.ts";
const FIRST_CONTACT =
  /^First contact with 127\.0\.0\.1:\d+: its key SHA256:\S{43} is remembered from now on\. Is it the right one\?\n/;

interface Desk {
  /** A local folder. */
  folder: string;
  keys: string;
  /** Returns the client's command line. */
  command: (port: number, ...args: string[]) => string[];
  run: (port: number, args: string[], input?: string) => Promise<Ending>;
}

/** Runs `use` with keys for the client, and a file with alice's password. */
async function withDesk(use: (desk: Desk) => Promise<void>): Promise<void> {
  const keys = await makeKeyFolder({ client: "rsa-2048-a" });
  try {
    await withFolder(async (folder) => {
      await writeFile(join(folder, "password"), `${PASSWORDS["alice"]}\n`, { mode: 0o600 });
      const command = (port: number, ...args: string[]) => {
        const common = ["--port", String(port), "--keys", keys.path, "--user", "alice"];
        return [...TSX, SCRIPT, ...common, ...args];
      };
      const run = (port: number, args: string[], input = "") =>
        new Program(command(port, "--password-file", join(folder, "password"), ...args), { input }).ending;
      await use({ folder, keys: keys.path, command, run });
    });
  } finally {
    await keys.remove();
  }
}

function succeeds({ status, stdout, stderr }: Ending): string {
  assert.is(status, 0, stderr);
  assert.is(stderr.replace(FIRST_CONTACT, ""), "", "quiet in a pipe");
  return stdout;
}

async function makeTree(folder: string): Promise<void> {
  await mkdir(join(folder, "tree/sub é"), { recursive: true });
  await writeFile(join(folder, "tree/a"), randomBytes(60_000));
  await writeFile(join(folder, "tree/empty"), "");
  await writeFile(
    join(folder, "tree/sub é/b c"),
    concat(Array.from({ length: 40 }, () => randomBytes(60_000))),
  );
}

async function compareTrees(one: string, other: string): Promise<void> {
  for (const name of ["a", "empty", "sub é/b c"])
    assert.ok((await readFile(join(one, name))).equals(await readFile(join(other, name))), name);
}

test("folders in both directions and all other commands, over X-SML and TLS", async () => {
  await withFtp((scene) =>
    withDesk(async ({ folder, run }) => {
      await makeTree(folder);
      for (const flags of [[], ["--tls"]]) {
        const commands = [
          `put -r --verify ${folder}/tree`,
          "cd tree",
          "mkdir new",
          "mv a new/renamed",
          "ls",
          "pwd",
          "size new/renamed",
          "mv new/renamed a",
          "rmdir new",
          "cd ..",
          `get -r --verify tree ${folder}/fetched`,
          "rm tree/a tree/empty",
          "exit",
          "this is not read any more",
        ].join("\n");
        const output = succeeds(await run(scene.port, flags, commands));
        assert.match(
          output,
          /^ {11}0 {2}\S{10} \S{5} {2}empty\n {6}folder {2}.{16} {2}new\/\n {6}folder {2}.{16} {2}sub é\/\n\/tree\n60000\n$/,
        );
        await compareTrees(join(folder, "tree"), join(folder, "fetched"));
        assert.equal(await readdir(join(scene.home, "tree")), ["sub é"]);
        await rm(join(scene.home, "tree"), { recursive: true });
        await rm(join(folder, "fetched"), { recursive: true });
      }
    }),
  );
});

test("one command each: output, exit status, and one line per error", async () => {
  await withFtp((scene) =>
    withDesk(async ({ folder, run }) => {
      const bytes = randomBytes(50_000);
      await writeFile(join(scene.home, "file"), bytes);
      const [cat, missing, usage, closed] = await Promise.all([
        run(scene.port, ["cat", "file"]),
        run(scene.port, ["get", "nope", folder]),
        run(scene.port, ["frob"]),
        run(1, ["ls"]),
      ]);
      assert.is(cat.status, 0, cat.stderr);
      assert.is(Buffer.byteLength(cat.stdout), Buffer.byteLength(Buffer.from(bytes).toString()));
      assert.is(missing.status, 1);
      assert.match(missing.stderr.replace(FIRST_CONTACT, ""), /^error: the server says: 550 [^\n]*\n$/);
      assert.is(usage.status, 2);
      assert.is(usage.stderr, 'error: no such command: "frob"; see --help\n');
      assert.is(closed.status, 1);
      assert.match(closed.stderr, /^error: nothing listens on 127\.0\.0\.1:1;/);
    }),
  );
});

test("a wrong password, and a key that has changed: over X-SML and over TLS", async () => {
  await withFtp((scene) =>
    withDesk(async ({ folder, keys, run }) => {
      const address = `127.0.0.1%3A${scene.port}`;
      const other = "SHA256:9ilo1LpgDtDbITXC7yXdLHYxN/SbLYPUPxlXt6Ryi9w";
      for (const [flags, pins] of [
        [[], join(keys, "known-servers")],
        [["--tls"], join(keys, "tls", "known-servers")],
      ] as const) {
        await mkdir(pins, { recursive: true });
        await writeFile(join(pins, address), `${other}\n`);
        const { status, stderr } = await run(scene.port, [...flags, "ls"]);
        assert.is(status, 1);
        assert.match(stderr, /^error: THE KEY OF 127\.0\.0\.1:\d+ HAS CHANGED: [^\n]*\n$/);
      }
      assert.not.ok(
        scene.events.some(({ event }) => event.startsWith("login")),
        "and no user logged in",
      );
      await writeFile(join(folder, "password"), "wrong\n");
      await rm(join(keys, "known-servers"), { recursive: true });
      const { status, stderr } = await run(scene.port, ["ls"]);
      assert.is(status, 1);
      assert.match(stderr.replace(FIRST_CONTACT, ""), /^error: the server says: 530 [^\n]*\n$/);
    }),
  );
});

test("a transfer interrupted by kill -9 is resumed, in both directions", async () => {
  await withFtp((scene) =>
    withDesk(async ({ folder, command, run }) => {
      const length = 20_000_000;
      const file = join(folder, "big");
      await writeFile(file, randomBytes(60_000));
      await truncate(file, length);
      const password = ["--password-file", join(folder, "password")];
      for (const [args, watched] of [
        [["put", file, "big"], scene.home],
        [["get", "big", join(folder, "fetched")], folder],
      ] as const) {
        const client = new Program(command(scene.port, ...password, "--trace", ...args));
        // the transfer has started
        await client.waitFor(/< (150) /);
        await client.stop();
        const { status, stderr } = await run(scene.port, [...args, "--resume", "--verify"]);
        assert.is(status, 0, stderr);
        assert.ok((await readdir(watched)).length > 0);
      }
      assert.ok((await readFile(join(folder, "fetched"))).equals(await readFile(file)));
    }),
  );
});

/** Reports whether the terminal emulation can run here. */
async function hasPython(): Promise<boolean> {
  return readFile("/usr/bin/python3").then(
    () => true,
    () => false,
  );
}

async function useTerminal(scene: Scene, { folder, command }: Desk): Promise<void> {
  await writeFile(join(scene.home, "some notes.txt"), "what it says\n");
  await mkdir(join(scene.home, "sub"));
  await writeFile(join(scene.home, "big"), "");
  await truncate(join(scene.home, "big"), 4_000_000_000);
  const ctrlC = "\u0003";
  const up = "\u001b[A";
  const session = await onTerminal(command(scene.port), [
    ["Password of alice: ", `${PASSWORDS["alice"]}\r`],
    ["/> ", `lcd ${folder}\r`],
    // several keys at once look like pasted text, where a tab completes nothing
    ["/> ", "ca"],
    ["ca", "\t"],
    ["t ", "so"],
    ["so", "\t"],
    ["notes.txt", "\r"],
    ["what it says", ""],
    ["/> ", "cd sub\r"],
    ["/sub> ", "nonsense\r"],
    ["no such command", ""],
    // the line before the last one
    ["/sub> ", `${up}${up}\u007f\u007f\u007f..\r`],
    ["/> ", "get big\r"],
    ["big", ""],
    ["MiB/s", ctrlC],
    ["aborted", ""],
    ["/> ", `half a line${ctrlC}`],
    ["/> ", "get 'some notes.txt'\r"],
    [" 13 B ", ""],
    ["/> ", "\u0004"],
  ]);
  assert.is(session.left, 0, session.shown);
  assert.is(session.ended, 0, session.shown);
  assert.is(await readFile(join(folder, "some notes.txt"), "utf8"), "what it says\n");
  assert.not.ok(session.shown.includes(PASSWORDS["alice"] ?? ""), "the password is not shown");
  assert.match(session.shown, /error: no such command: "nonsense"; see help\r\n/);
  assert.match(session.shown, /some notes\.txt {2}13 B {2}\S+ \S*B\/s {2}00:0/);
  assert.not.match(session.shown, /^ +at /m);
}

if (await hasPython())
  test("at the prompt: password, completion, history, a bar, Ctrl-C, and Ctrl-D", async () => {
    await withFtp((scene) => withDesk((desk) => useTerminal(scene, desk)));
  });
else test.skip("at the prompt (Debian: python3)");

test("a server that leaves while the prompt waits ends it with its reason", async () => {
  let current: FakeFtp | undefined;
  await withFake({}, async (fake) => {
    current = fake;
    await withDesk(async ({ run }) => {
      const { status, stderr } = await run(fake.port, ["--tls", "ls"]);
      assert.is(status, 1);
      assert.match(stderr, /^error: [^\n]*\n$/);
    });
  });
  assert.ok(current?.log.includes("AUTH TLS"));
  assert.not.ok(
    current?.log.some((line) => line.startsWith("USER")),
    "nothing is sent without TLS",
  );
});

const vsftpd = findVsftpd();
if (vsftpd)
  test("with vsftpd, which supports neither MLSD nor EPSV ALL, and requires TLS session reuse", async () => {
    await withFolder(async (place) => {
      const server = await startVsftpd(vsftpd, place);
      try {
        await withDesk(async ({ folder, run }) => {
          await makeTree(folder);
          const commands = [
            "cd files",
            `put -r --verify ${folder}/tree`,
            "ls tree",
            `get -r --verify tree ${folder}/fetched`,
            `put --resume --verify ${folder}/tree/a tree/a`,
            "rm tree/a",
            "mv tree/empty e",
            "size e",
          ].join("\n");
          const output = succeeds(await run(server.port, ["--tls", "--user", "anonymous"], commands));
          assert.match(output, /^ {7}60000 {20}a\n {11}0 {20}empty\n {6}folder {20}sub é\/\n0\n$/);
          await compareTrees(join(folder, "tree"), join(folder, "fetched"));
          assert.equal((await readdir(server.files)).sort(), ["e", "tree"]);
        });
      } finally {
        await server.stop();
      }
    });
  });
else test.skip("with vsftpd (Debian: vsftpd)");

test.run();
