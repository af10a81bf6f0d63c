import { spawnSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { chmod, link, mkdir, readFile, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PIECE_LENGTH } from "../../../exercises/05-ftp/ftp/storage/download.ts";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { equal } from "../../../lib/bytes/bytes.ts";
import { drain, entries, get, names, outcome, put, WAYS, withHome } from "../../support/home.ts";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";

for (const way of WAYS) {
  test(`files and folders are created, listed, read, renamed and removed, by ${way}`, async () => {
    await withHome(
      async ({ storage, path }) => {
        await storage.makeFolder("/a");
        await storage.makeFolder("/a/b");
        await put(storage, "/a/b/c", "hello");
        assert.is(await readFile(join(path, "a/b/c"), "utf8"), "hello");
        assert.is(await get(storage, "/a/b/c"), "hello");
        assert.is(await get(storage, "/a/b/c", 3), "lo");
        assert.is(await get(storage, "/a/b/c", 5), "");
        assert.equal(await names(storage, "/a"), ["b"]);
        await storage.rename("/a/b", "/d");
        assert.equal(await names(storage, "/"), ["a", "d"]);
        assert.is(await get(storage, "/d/c"), "hello");
        await storage.remove("/d/c");
        await storage.removeFolder("/d");
        assert.equal(await names(storage, "/"), ["a"]);
      },
      { way },
    );
  });

  test(`each refusal has its code, by ${way}`, async () => {
    await withHome(
      async ({ storage }) => {
        await storage.makeFolder("/folder");
        await put(storage, "/folder/file", "12345");
        await put(storage, "/file", "12345");
        const replace = { mode: "replace" } as const;
        const cases: [what: string, work: () => Promise<unknown>, code: string][] = [
          ["stat nothing", () => storage.stat("/no"), "missing"],
          ["stat in a file", () => storage.stat("/file/no"), "not a folder"],
          ["stat in nothing", () => storage.stat("/no/no"), "missing"],
          ["stat a name that is too long for the disk", () => storage.stat(`/${"x".repeat(300)}`), "name"],
          ["list nothing", () => entries(storage, "/no"), "missing"],
          ["list a file", () => entries(storage, "/file"), "not a folder"],
          ["read nothing", () => storage.read("/no"), "missing"],
          ["read a folder", () => storage.read("/folder"), "a folder"],
          ["read the home", () => storage.read("/"), "a folder"],
          ["read from behind the end", () => storage.read("/file", 6), "offset"],
          ["write a folder", () => storage.write("/folder", replace), "a folder"],
          ["write the home", () => storage.write("/", replace), "a folder"],
          ["write in nothing", () => storage.write("/no/file", replace), "missing"],
          ["write in a file", () => storage.write("/file/no", replace), "not a folder"],
          ["continue nothing", () => storage.write("/no", { ...replace, offset: 1 }), "offset"],
          ["continue behind the end", () => storage.write("/file", { ...replace, offset: 6 }), "offset"],
          ["make a folder that is there", () => storage.makeFolder("/folder"), "exists"],
          ["make a folder with the name of a file", () => storage.makeFolder("/file"), "exists"],
          ["make the home", () => storage.makeFolder("/"), "exists"],
          ["make a folder in nothing", () => storage.makeFolder("/no/no"), "missing"],
          ["remove nothing", () => storage.remove("/no"), "missing"],
          ["remove a folder as a file", () => storage.remove("/folder"), "a folder"],
          ["remove a file as a folder", () => storage.removeFolder("/file"), "not a folder"],
          ["remove a folder with a file", () => storage.removeFolder("/folder"), "not empty"],
          ["remove the home", () => storage.removeFolder("/"), "denied"],
          ["rename nothing", () => storage.rename("/no", "/new"), "missing"],
          ["rename the home", () => storage.rename("/", "/new"), "denied"],
          ["rename to the home", () => storage.rename("/file", "/"), "denied"],
          ["rename into nothing", () => storage.rename("/file", "/no/file"), "missing"],
          ["rename a file to a folder", () => storage.rename("/file", "/folder"), "exists"],
          ["rename a folder to a file", () => storage.rename("/folder", "/file"), "exists"],
          ["rename a folder into itself", () => storage.rename("/folder", "/folder/in"), "name"],
          ["set the mode of nothing", () => storage.setMode("/no", 0o600), "missing"],
          ["set the mode of the home", () => storage.setMode("/", 0o777), "denied"],
          ["set the time of nothing", () => storage.setModified("/no", new Date()), "missing"],
        ];
        for (const [what, work, code] of cases) assert.is(await outcome(work), code, what);
        assert.equal(await names(storage, "/"), ["file", "folder"]);
        assert.is(await get(storage, "/file"), "12345");
      },
      { way },
    );
  });

  test(`links, pipes and sockets do not exist, and nothing replaces them, by ${way}`, async () => {
    await withHome(
      async ({ storage, path, outside }) => {
        await writeFile(join(outside, "secret"), "secret");
        await mkdir(join(outside, "folder"));
        await put(storage, "/file", "mine");
        await storage.makeFolder("/sub");
        const targets = {
          file: join(outside, "secret"),
          folder: join(outside, "folder"),
          nowhere: join(outside, "nowhere"),
          relative: "../secret",
          inside: "file",
          insideFolder: "sub",
          insideAbsolute: join(path, "file"),
          loop: "loop",
          root: "/",
          self: ".",
          device: "/dev/null",
        };
        for (const [name, target] of Object.entries(targets))
          await symlink(target, join(path, `${name}Link`));
        assert.is(spawnSync("mkfifo", [join(path, "pipe")]).status, 0);
        const server = createServer().listen(join(path, "socket"));
        await new Promise((resolve) => server.once("listening", resolve));
        try {
          const odd = [...Object.keys(targets).map((name) => `/${name}Link`), "/pipe", "/socket"];
          assert.equal(await names(storage, "/"), ["file", "sub"]);
          for (const name of odd) {
            const isLink = name.endsWith("Link");
            const expected: [code: string, work: () => Promise<unknown>][] = [
              ["missing", () => storage.stat(name)],
              ["missing", () => storage.read(name)],
              ["missing", () => storage.remove(name)],
              ["missing", () => storage.removeFolder(name)],
              ["missing", () => storage.rename(name, "/new")],
              ["missing", () => storage.setMode(name, 0o600)],
              ["missing", () => storage.setModified(name, new Date(0))],
              ["missing", () => entries(storage, name)],
              ["missing", () => storage.stat(`${name}/x`)],
              ["missing", () => storage.makeFolder(`${name}/x`)],
              ["missing", () => storage.write(`${name}/x`, { mode: "replace" })],
              ["missing", () => storage.rename("/file", `${name}/x`)],
              ["denied", () => storage.write(name, { mode: "replace" })],
              ["denied", () => storage.write(name, { mode: "append" })],
              ["denied", () => storage.rename("/file", name)],
              ["denied", () => storage.rename("/sub", name)],
              ["exists", () => storage.makeFolder(name)],
            ];
            for (const [index, [code, work]] of expected.entries())
              assert.is(await outcome(work), code, `${name} ${index} ${isLink}`);
          }
          const upload = await storage.write("/fileLink", { mode: "new name" });
          await upload.abort();
          assert.match(upload.path, /^\/fileLink\.[0-9a-f]{8}$/);
          assert.equal(await names(storage, "/"), ["file", "sub"]);
        } finally {
          await new Promise((resolve) => server.close(resolve));
        }
        assert.is(await readFile(join(outside, "secret"), "utf8"), "secret");
      },
      { way },
    );
  });
}

test("entries have size, time, permissions and an identifier, which reveals nothing about the host", async () => {
  await withHome(async ({ storage, path }) => {
    await put(storage, "/file", "12345");
    await storage.makeFolder("/folder");
    const time = new Date("2001-02-03T04:05:06Z");
    assert.equal(await storage.setModified("/file", time), time);
    await storage.setMode("/file", 0o640);
    const [file, folder] = await entries(storage, "/");
    assert.is(file?.name, "file");
    assert.is(file?.kind, "file");
    assert.is(file?.size, 5);
    assert.equal(file?.modified, time);
    assert.is(file?.mode, 0o640);
    assert.match(file?.unique ?? "", /^[0-9a-f]{24}$/);
    assert.is(folder?.kind, "folder");
    assert.is(folder?.size, 0);
    assert.is.not(file?.unique, folder?.unique);
    assert.equal(await storage.stat("/file"), file);
    assert.equal(await storage.stat("/folder"), folder);
    const inode = (await stat(join(path, "file"))).ino;
    assert.not.match(JSON.stringify(file), new RegExp(`\\b(${inode}|${inode.toString(16)})\\b`));

    await storage.rename("/file", "/other");
    assert.is((await storage.stat("/other")).unique, file?.unique);
    assert.is((await storage.stat("/")).kind, "folder");
    assert.is((await storage.stat("/")).name, "/");
  });
});

test("names with line breaks or invalid UTF-8 are not listed; other unusual ones are", async () => {
  await withHome(async ({ storage, path }) => {
    for (const name of ["a\nDELE b", "a\rb", ".sml-upload-", "\u001b[2J", " ", "é", "e\u0301", "-rf", "*"])
      await writeFile(join(path, name), "");
    await writeFile(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xff, 0xfe])]), "").catch(() => {});
    assert.equal(await names(storage, "/"), ["\u001b[2J", " ", "*", "-rf", "é", "e\u0301"].sort());
    for (const name of ["é", "e\u0301", "\u001b[2J"]) assert.is((await storage.stat(`/${name}`)).name, name);
  });
});

test("setMode sets nine bits, never set-user-id, set-group-id or sticky; and changes no other hard link", async () => {
  await withHome(async ({ storage, path, outside }) => {
    await put(storage, "/file", "x");
    await storage.setMode("/file", 0o7755);
    assert.is((await stat(join(path, "file"))).mode & 0o7777, 0o755);
    await storage.makeFolder("/folder");
    await storage.setMode("/folder", 0o7000);
    assert.is((await stat(join(path, "folder"))).mode & 0o7777, 0o700);

    await writeFile(join(outside, "other"), "outside");
    await chmod(join(outside, "other"), 0o600);
    await utimes(join(outside, "other"), 1, 1);
    await link(join(outside, "other"), join(path, "second"));
    assert.is(await outcome(storage.setMode("/second", 0o777)), "denied");
    assert.is(await outcome(storage.setModified("/second", new Date())), "denied");
    await put(storage, "/second", "+", { mode: "append" });
    await put(storage, "/second", "changed");
    const after = await stat(join(outside, "other"));
    assert.is(after.mode & 0o777, 0o600);
    assert.is(after.mtimeMs, 1000);
    assert.is(await readFile(join(outside, "other"), "utf8"), "outside");
    assert.is(await get(storage, "/second"), "changed");
  });
});

test("a read-only user changes nothing", async () => {
  await withFolder(async (root) => {
    await writeFile(join(root, "file"), "x");
    await mkdir(join(root, "folder"));
    const storage = await Storage.open(root, { readOnly: true });
    try {
      const changes = [
        () => storage.write("/new", { mode: "replace" }),
        () => storage.write("/file", { mode: "append" }),
        () => storage.write("/new", { mode: "new name" }),
        () => storage.makeFolder("/new"),
        () => storage.remove("/file"),
        () => storage.removeFolder("/folder"),
        () => storage.rename("/file", "/new"),
        () => storage.setMode("/file", 0o777),
        () => storage.setModified("/file", new Date()),
      ];
      for (const change of changes) assert.is(await outcome(change), "denied", String(change));
      assert.equal(await names(storage, "/"), ["file", "folder"]);
      assert.is(await get(storage, "/file"), "x");
    } finally {
      await storage.close();
    }
  });
});

test("a download has all bytes in pieces, whatever happens to the file", async () => {
  await withHome(async ({ storage, path }) => {
    const whole = new Uint8Array(5 * PIECE_LENGTH + 7);
    whole.forEach((_, index) => {
      whole[index] = (index * 7 + (index >> 13)) & 0xff;
    });
    await put(storage, "/large", whole);
    for (const offset of [0, 1, PIECE_LENGTH, PIECE_LENGTH - 1, whole.length - 1, whole.length])
      assert.ok(equal(await drain(await storage.read("/large", offset)), whole.slice(offset)));

    const grows = await storage.read("/large");
    await writeFile(join(path, "large"), "more", { flag: "a" });
    assert.is(grows.size, whole.length);
    assert.ok(equal(await drain(grows), whole));

    const replaced = await storage.read("/large");
    await put(storage, "/large", "new");
    assert.is((await drain(replaced)).length, whole.length + 4);

    await put(storage, "/large", whole);
    const shrinks = await storage.read("/large");
    const chunks = shrinks.chunks();
    assert.is((await chunks.next()).value?.length, PIECE_LENGTH);
    await truncate(join(path, "large"), PIECE_LENGTH * 2);
    await rejects(
      (async () => {
        for await (const _ of chunks);
      })(),
      "the file became shorter while it was read",
    );
  });
});

test("an abandoned download leaves no file open", async () => {
  if (process.platform !== "linux") return;
  await withHome(async ({ storage, outside }) => {
    await put(storage, "/large", new Uint8Array(3 * PIECE_LENGTH));
    const before = openBelow(outside);
    assert.equal(before, [join(outside, "home")], "the session holds its home open, and nothing else");
    for (let turn = 0; turn < 20; turn += 1) {
      await (await storage.read("/large")).close();
      for await (const _ of (await storage.read("/large")).chunks()) break;
      await drain(await storage.read("/large"));
      for await (const _ of storage.list("/")) break;
      for (const path of ["/no", "/large/no", "/no/no"]) await outcome(storage.stat(path));
      await (await storage.write("/large", { mode: "replace" })).abort();
      await (await storage.write("/large", { mode: "append" })).abort();
      await outcome(storage.write("/large", { mode: "append", offset: 1e9 }));
      await outcome(storage.write("/no/no", { mode: "append" }));
      await outcome(storage.rename("/large", "/no/no"));
    }
    assert.equal(openBelow(outside), before);
  });
});

test("a replaced file is closed", async () => {
  if (process.platform !== "linux") return;
  await withHome(async ({ storage, outside }) => {
    for (const contents of ["old", "new"]) await put(storage, "/file", contents);
    const isHeld = () => openBelow(outside).some((path) => path !== join(outside, "home"));
    // another thread does it, and no caller waits
    while (isHeld()) await setImmediate();
    assert.equal(openBelow(outside), [join(outside, "home")]);
  });
});

/** Returns the open files of this process in `folder`; Node's own are elsewhere. */
function openBelow(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      // the descriptor of the listing is closed by now
      return [];
    }
  });
}

test("ten thousand files are listed while others are served", async () => {
  await withHome(async ({ storage, path }) => {
    const made = spawnSync("sh", ["-c", "seq -f file%g 10000 | xargs touch"], { cwd: path });
    assert.is(made.status, 0, made.stderr.toString());
    let count = 0;
    let longest = 0;
    const others = (async () => {
      for (let before = 0; count < 10_000; before = count) {
        await storage.stat("/file1");
        longest = Math.max(longest, count - before);
      }
    })();
    for await (const _ of storage.list("/")) count += 1;
    await others;
    assert.is(count, 10_000);
    // in entries, not in seconds: independent of the machine's speed
    assert.ok(longest < 1000, `another caller waited while ${longest} files were listed`);
  });
});

test("a missing home is created, private to its owner, and never through a link", async () => {
  for (const way of WAYS) {
    await withFolder(async (root) => {
      const storage = await Storage.open(root, { home: "/people/alice", way });
      await put(storage, "/file", "x");
      await storage.close();
      assert.is(await readFile(join(root, "people/alice/file"), "utf8"), "x");
      assert.is((await stat(join(root, "people/alice"))).mode & 0o777, 0o700);
      await symlink("/tmp", join(root, "people/bob"));
      await symlink("alice", join(root, "people/carol"));
      for (const home of ["/people/bob", "/people/carol", "/people/bob/x", "/people/alice/file"])
        await rejects(Storage.open(root, { home, way }), /no such file or directory|not a directory/);
      await rejects(Storage.open(join(root, "no"), { way }), /ENOENT/);
      await rejects(Storage.open(join(root, "people/alice/file"), { way }), /ENOTDIR/);
    });
  }
});

test.run();
