import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MAX_PINS, pin, pinServer } from "../../../lib/files/pins.ts";
import { holdCall } from "../../support/hold-call.ts";
import { rejects } from "../../support/rejects.ts";
import { runScript } from "../../support/scripts.ts";
import { withFolder } from "../../support/temporary.ts";

const STORE = fileURLToPath(new URL("../../support/store.ts", import.meta.url));
const [ONE, OTHER] = ["A", "B"].map((letter) => `SHA256:${letter.repeat(42)}A`);
if (ONE === undefined || OTHER === undefined) throw new Error("no fingerprints");

/** Collects what `run` prints on standard error. */
async function printed(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const original = console.error;
  console.error = (line: string) => lines.push(line);
  try {
    await run();
  } finally {
    console.error = original;
  }
  return lines;
}

test("pin remembers a new peer in a file of its own, and knows it again", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "keys", "known");
    assert.is(await pin(folder, "alice", ONE), "new");
    assert.is(await pin(folder, "alice", ONE), "known");
    assert.is(await pin(folder, "bob", OTHER), "new");
    assert.equal((await readdir(folder)).sort(), ["alice", "bob"]);
    assert.is(await readFile(join(folder, "alice"), "utf8"), `${ONE}\n`);
    assert.is((await stat(join(folder, "alice"))).mode & 0o777, 0o600);
    assert.is((await stat(folder)).mode & 0o777, 0o700);
  });
});

test("pin refuses another key, with both fingerprints, the file and what to do, and changes nothing", async () => {
  await withFolder(async (folder) => {
    await pin(folder, "alice", ONE, "192.0.2.1");
    const file = join(folder, "alice");
    for (let time = 0; time < 2; time += 1) {
      await rejects(
        pin(folder, "alice", OTHER, "192.0.2.2"),
        `THE KEY OF alice HAS CHANGED: it was ${ONE}, and now is ${OTHER}. This may be a man-in-the-middle attack! ` +
          `Only if you know that the new key is right, accept it: remove ${file} and try again`,
      );
    }
    assert.is(await readFile(file, "utf8"), `${ONE}\nlast seen at 192.0.2.1\n`);
    assert.is(await pin(folder, "alice", ONE), "known");
    await rm(file);
    assert.is(await pin(folder, "alice", OTHER), "new");
  });
});

test("pin keeps the address last seen, and writes only when it has changed", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "alice");
    await pin(folder, "alice", ONE, "192.0.2.1");
    const { ino } = await stat(file);
    await pin(folder, "alice", ONE, "192.0.2.1");
    await pin(folder, "alice", ONE);
    assert.is((await stat(file)).ino, ino);
    assert.is(await readFile(file, "utf8"), `${ONE}\nlast seen at 192.0.2.1\n`);
    assert.is(await pin(folder, "alice", ONE, "2001:db8::1"), "known");
    assert.is(await readFile(file, "utf8"), `${ONE}\nlast seen at 2001:db8::1\n`);
    assert.is(await pin(folder, "alice", ONE, `x\n${OTHER}\u001b`), "known");
    assert.is(await readFile(file, "utf8"), `${ONE}\nlast seen at x\\n${OTHER}\\u{1b}\n`);
    assert.is(await pin(folder, "alice", ONE), "known");
    assert.equal(await readdir(folder), ["alice"]);
  });
});

const DAMAGED: [string, string][] = [
  ["empty", ""],
  ["cut short", `${ONE}`],
  ["cut shorter", ONE.slice(0, 30)],
  ["of another hash", `MD5:${"a".repeat(43)}\n`],
  ["with stray bits in its base64", `SHA256:${"A".repeat(42)}B\n`],
  ["of two fingerprints", `${ONE}\n${ONE}\n`],
  ["with a line before it", `#\n${ONE}\n`],
  ["with more than the address", `${ONE}\nlast seen at x\nmore\n`],
  ["of random bytes", "\u0000\u0001"],
];
for (const [what, contents] of DAMAGED) {
  test(`pin refuses a pin that is ${what}, names it and leaves it as it is`, async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "alice");
      await writeFile(file, contents);
      await rejects(
        pin(folder, "alice", ONE),
        `${file} is damaged: expected a line SHA256:...; fix it, or remove it to trust the next key of that peer`,
      );
      assert.is(await readFile(file, "utf8"), contents);
    });
  });
}

test("pin refuses a folder instead of a pin, and a file instead of the folder", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "alice"));
    await rejects(pin(folder, "alice", ONE), `${join(folder, "alice")} cannot be used: it is a folder`);
    await writeFile(join(folder, "file"), "");
    await rejects(pin(join(folder, "file"), "alice", ONE), /what should be its folder is a file$/);
  });
});

test("pin refuses a pin, and a folder, that is a link to nowhere", async () => {
  await withFolder(async (folder) => {
    const dangling = join(folder, "alice");
    await symlink("nowhere", dangling);
    await rejects(
      pin(folder, "alice", ONE),
      `${dangling} cannot be used: it is a symbolic link that leads nowhere`,
    );
    await rejects(pin(dangling, "alice", ONE), /cannot be written: there is no such file or folder$/);
    assert.equal(await readdir(folder), ["alice"]);
  });
});

test("pin makes a file name of every name, none of which leads out of the folder or is hidden", async () => {
  await withFolder(async (folder) => {
    const names = [
      "../up",
      "..",
      ".hidden",
      "a/b",
      "a\\b",
      "[fe80::1%eth0]:10001",
      "bücher.example:1",
      "a b",
      "x\n",
    ];
    for (const name of names) assert.is(await pin(join(folder, "in"), name, ONE), "new", name);
    for (const name of names) assert.is(await pin(join(folder, "in"), name, ONE), "known", name);
    assert.equal(await readdir(folder), ["in"]);
    const files = await readdir(join(folder, "in"));
    assert.is(files.length, names.length);
    for (const file of files) assert.match(file, /^[A-Za-z0-9%_-][A-Za-z0-9%._-]*$/);
  });
});

test("pin remembers a thousand peers, and says so when there is one more; those that are known stay", async () => {
  await withFolder(async (folder) => {
    assert.is(MAX_PINS, 1000);
    await Promise.all(
      Array.from({ length: MAX_PINS - 1 }, (_, index) => writeFile(join(folder, `peer${index}`), `${ONE}\n`)),
    );
    await writeFile(join(folder, ".left-over"), "");
    assert.is(await pin(folder, "last", ONE), "new");
    await rejects(
      pin(folder, "alice", ONE),
      `${folder} is full: 1000 peers are remembered; remove the files of those you do not need`,
    );
    assert.is(await pin(folder, "peer17", ONE, "192.0.2.1"), "known");
    await rm(join(folder, "peer17"));
    assert.is(await pin(folder, "alice", ONE), "new");
  });
});

test("of many new peers at once, no more are remembered than there is room for", async () => {
  await withFolder(async (folder) => {
    await Promise.all(
      Array.from({ length: MAX_PINS - 3 }, (_, index) => writeFile(join(folder, `peer${index}`), `${ONE}\n`)),
    );
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => pin(folder, `new${index}`, ONE)),
    );
    assert.is(results.filter(({ status }) => status === "fulfilled").length, 3);
    assert.is((await readdir(folder)).length, MAX_PINS);
  });
});

test("pin does not bring back a pin that its owner removes while the address is written", async () => {
  await withFolder(async (folder) => {
    await pin(folder, "alice", ONE, "192.0.2.1");
    const handle = await open(join(folder, "alice"));
    const held = holdCall(Object.getPrototypeOf(handle), "sync");
    await handle.close();
    const writing = pin(folder, "alice", ONE, "192.0.2.2");
    await held.called;
    // that was the lock
    held.release();
    const next = holdCall(Object.getPrototypeOf(handle), "sync");
    await next.called;
    await rm(join(folder, "alice"));
    next.release();
    await rejects(writing, /alice cannot be written: it was removed at this moment; try again$/);
    assert.equal(await readdir(folder), []);
  });
});

test("of many who pin the same name at once with two keys, one key wins", async () => {
  await withFolder(async (folder) => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        pin(folder, "alice", index % 2 ? ONE : OTHER, `192.0.2.${index}`),
      ),
    );
    const values = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    assert.is(values.filter((value) => value === "new").length, 1);
    assert.is(values.length, 10);
    for (const result of results)
      if (result.status === "rejected") assert.match(result.reason.message, /^THE KEY OF alice HAS CHANGED/);
    const [winner] = (await readFile(join(folder, "alice"), "utf8")).split("\n");
    assert.ok(winner === ONE || winner === OTHER);
    assert.is(results[winner === ONE ? 1 : 0]?.status, "fulfilled");
    assert.equal(await readdir(folder), ["alice"]);
  });
});

test("of processes that pin the same name at once with different keys, one wins, and the others fail", async () => {
  await withFolder(async (folder) => {
    const children = ["A", "B", "C"].map((letter) =>
      spawn(
        process.execPath,
        ["--import", "tsx", STORE, "pin", folder, "alice", `SHA256:${letter.repeat(42)}A`],
        {
          env: { ...process.env, WAIT: "1" },
          timeout: 60_000,
        },
      ),
    );
    await Promise.all(children.map(async ({ stdout }) => once(stdout, "data")));
    const outputs = await Promise.all(
      children.map(async ({ stdin, stdout, stderr }) => {
        stdin.end();
        const [out, error] = await Promise.all([readAll(stdout), readAll(stderr)]);
        return out + error;
      }),
    );
    assert.is(outputs.filter((output) => output === "new\n").length, 1, outputs.join(""));
    assert.is(outputs.filter((output) => /^error: THE KEY OF alice HAS CHANGED/.test(output)).length, 2);
  });
});

test("killed while it changes the address, pin leaves the fingerprint", async () => {
  await withFolder(async (folder) => {
    await pin(folder, "alice", ONE, "192.0.2.1");
    // half-way through writing
    const args = ["pin", folder, "alice", ONE, "192.0.2.2"];
    const { status } = await runScript("store.ts", { args, environment: { KILL_AT: "14" } });
    assert.is(status, null);
    const [temporary, ...others] = (await readdir(folder)).sort();
    assert.match(temporary ?? "", /^\.alice\./);
    assert.equal(others, [".pins.lock", "alice"]);
    assert.is(await readFile(join(folder, "alice"), "utf8"), `${ONE}\nlast seen at 192.0.2.1\n`);
    assert.is(await pin(folder, "alice", ONE, "192.0.2.2"), "known");
  });
});

test("pinServer pins by host as typed and port, and prints the fingerprint at the first contact only", async () => {
  await withFolder(async (keys) => {
    const lines = await printed(async () => {
      await pinServer(keys, { host: "localhost", port: 10001 }, ONE);
      await pinServer(keys, { host: "localhost", port: 10001 }, ONE);
    });
    assert.equal(lines, [
      `First contact with localhost:10001: its key ${ONE} is remembered from now on. Is it the right one?`,
    ]);
    await rejects(
      pinServer(keys, { host: "localhost", port: 10001 }, OTHER),
      new RegExp(
        `^THE KEY OF localhost:10001 HAS CHANGED: .*remove ${keys}/known-servers/localhost%3A10001 and`,
      ),
    );
    await printed(async () => {
      await pinServer(keys, { host: "127.0.0.1", port: 10001 }, OTHER);
      await pinServer(keys, { host: "localhost", port: 10002 }, OTHER);
      await pinServer(keys, { host: "::1", port: 10001 }, OTHER);
    });
    assert.equal((await readdir(join(keys, "known-servers"))).sort(), [
      "%5B%3A%3A1%5D%3A10001",
      "127.0.0.1%3A10001",
      "localhost%3A10001",
      "localhost%3A10002",
    ]);
  });
});

test.run();
