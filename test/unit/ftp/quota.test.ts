import { spawnSync } from "node:child_process";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatQuota, parseQuota } from "../../../exercises/05-ftp/ftp/server/user-list.ts";
import { Folder } from "../../../exercises/05-ftp/ftp/storage/jail.ts";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { ENTRIES_ALWAYS, RECOUNT_SECONDS, Usage } from "../../../exercises/05-ftp/ftp/storage/usage.ts";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { get, outcome, put, withHome } from "../../support/home.ts";
import { throws } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const FULL_DISK = fileURLToPath(new URL("../../support/full-disk.ts", import.meta.url));
const REPLACE = { mode: "replace" } as const;
const APPEND = { mode: "append" } as const;

test("every way to write respects the quota to the byte, and existing bytes stay", async () => {
  await withHome(
    async ({ storage, path }) => {
      assert.is(storage.room, 1000);
      await put(storage, "/a", "a".repeat(600));
      assert.is(storage.room, 400);
      await put(storage, "/b", "b".repeat(400));
      assert.is(storage.room, 0);
      const refused = [
        () => put(storage, "/c", "c"),
        () => put(storage, "/a", "a".repeat(601)),
        () => put(storage, "/a", "a", APPEND),
        () => put(storage, "/a", "a".repeat(101), { ...REPLACE, offset: 500 }),
        () => put(storage, "/a", "a", { mode: "new name" }),
      ];
      for (const [index, work] of refused.entries()) {
        assert.is(await outcome(work), "full", String(index));
        assert.is(storage.room, 0);
        assert.equal((await readdir(path)).sort(), ["a", "b"]);
        assert.is(await get(storage, "/a"), "a".repeat(600));
      }
      await put(storage, "/a", "A".repeat(600));
      await put(storage, "/a", "A".repeat(100), { ...REPLACE, offset: 500 });
      await put(storage, "/empty", "");
      await storage.makeFolder("/folder");
      assert.is(storage.room, 0);
      await storage.rename("/b", "/folder/b");
      assert.is(storage.room, 0);
      await storage.remove("/folder/b");
      assert.is(storage.room, 400);
      await put(storage, "/a", "short");
      assert.is(storage.room, 995);
      await storage.rename("/empty", "/a");
      assert.is(storage.room, 1000);
      await storage.removeFolder("/folder");
      assert.is(storage.room, 1000);
    },
    { quota: 1000 },
  );
});

test("uploads in progress count, for all sessions of a home", async () => {
  await withHome(
    async ({ storage, outside }) => {
      const other = await Storage.open(outside, { home: "/home", quota: 1000 });
      try {
        const one = await storage.write("/one", REPLACE);
        await one.write(encodeUtf8("1".repeat(700)));
        const two = await other.write("/two", REPLACE);
        await two.write(encodeUtf8("2".repeat(300)));
        assert.is(await outcome(async () => two.write(encodeUtf8("2"))), "full");
        await two.abort();
        await one.write(encodeUtf8("1".repeat(300)));
        await one.commit();
        assert.is(other.room, 0);
        assert.is(await outcome(put(other, "/two", "2")), "full");
      } finally {
        await other.close();
      }
    },
    { quota: 1000 },
  );
});

test("an interrupted upload of a new file counts with what is kept, and resumes within the quota", async () => {
  await withHome(
    async ({ storage }) => {
      const broken = await storage.write("/file", REPLACE);
      await broken.write(encodeUtf8("1".repeat(700)));
      await broken.abort();
      assert.is(storage.room, 300);
      assert.is(await outcome(put(storage, "/file", "2".repeat(301), APPEND)), "full");
      assert.is(storage.room, 300);
      await put(storage, "/file", "2".repeat(300), APPEND);
      assert.is(storage.room, 0);
      const replaced = await storage.write("/file", REPLACE);
      await replaced.write(encodeUtf8("3".repeat(900)));
      await replaced.abort();
      assert.is(storage.room, 0);
    },
    { quota: 1000 },
  );
});

test("two uploads that replace one file cannot use its space twice", async () => {
  await withHome(
    async ({ storage }) => {
      await put(storage, "/old", "0".repeat(600));
      await put(storage, "/rest", "0".repeat(400));
      const uploads = [await storage.write("/old", REPLACE), await storage.write("/old", REPLACE)];
      for (const upload of uploads) await upload.write(encodeUtf8("1".repeat(600)));
      await put(storage, "/old", "x");
      await put(storage, "/rest", "0".repeat(900));
      for (const upload of uploads) assert.is(await outcome(upload.commit()), "full");
      assert.is(await get(storage, "/old"), "x");
      assert.is(storage.room, 99);
    },
    { quota: 1000 },
  );
});

test("the count stays correct when an upload is overtaken", async () => {
  await withHome(
    async ({ storage, path }) => {
      for (const before of [0, 50_000]) {
        if (before > 0) await put(storage, "/file", "0".repeat(before));
        const grows = await storage.write("/file", APPEND);
        await grows.write(encodeUtf8("1".repeat(600_000)));
        assert.ok((await stat(join(path, "file"))).size > before);
        await put(storage, "/file", "2".repeat(100_000));
        assert.is(await outcome(grows.commit()), "busy");
        assert.is(storage.room, 900_000, String(before));
        await storage.remove("/file");
        assert.is(storage.room, 1_000_000, String(before));
      }
    },
    { quota: 1_000_000 },
  );
});

test("a home is counted recursively when its first session opens it, and again after its last", async () => {
  await withFolder(async (root) => {
    await mkdir(join(root, "a/b"), { recursive: true });
    await writeFile(join(root, "a/b/c"), "x".repeat(100));
    await writeFile(join(root, "d"), "x".repeat(50));
    const one = await Storage.open(root, { quota: 1000 });
    const two = await Storage.open(root, { quota: 200 });
    assert.is(one.room, 850);
    assert.is(two.room, 50);
    assert.is(await outcome(put(two, "/e", "x".repeat(51))), "full");
    await put(one, "/e", "x".repeat(51));
    assert.is(two.room, 0);
    await one.close();
    await writeFile(join(root, "f"), "x".repeat(100));
    await two.close();
    const three = await Storage.open(root, { quota: 1000 });
    assert.is(three.room, 1000 - 100 - 50 - 51 - 100);
    await three.close();
    const free = await Storage.open(root);
    assert.is(free.room, undefined);
    await free.close();
  }, MEMORY);
});

test("sessions with a quota and without one count the same home, whichever comes first", async () => {
  await withFolder(async (root) => {
    const free = await Storage.open(root);
    await put(free, "/before", "x".repeat(100));
    const uploads = await Promise.all(
      ["/grown", "/given up", "/before"].map((path) => free.write(path, REPLACE)),
    );
    for (const upload of uploads) await upload.write(encodeUtf8("y".repeat(300_000)));
    const bound = await Storage.open(root, { quota: 1_000_000 });
    assert.is(bound.room, 999_900);
    // what the running uploads add is claimed: 300,000, 300,000 and 299,900
    assert.is(await outcome(put(bound, "/more", "x".repeat(100_001))), "full");
    for (const upload of uploads) await (upload.path === "/given up" ? upload.abort() : upload.commit());
    assert.is(bound.room, 100_000);
    await free.remove("/given up");
    await free.rename("/grown", "/before");
    await free.makeFolder("/folder");
    assert.is(bound.room, 700_000);
    await put(free, "/large", "x".repeat(900_000));
    assert.is(await outcome(put(bound, "/more", "x")), "full");
    await bound.close();
    await free.remove("/large");
    const again = await Storage.open(root, { quota: 1_000_000 });
    assert.is(again.room, 700_000);
    await again.close();
    await free.close();
  }, MEMORY);
});

test("nothing is written to a home that cannot be counted, until it can be", async () => {
  await withFolder(async (root) => {
    await mkdir(join(root, "d"));
    await writeFile(join(root, "d/f"), "x".repeat(600));
    const { names } = Folder.prototype;
    stopClock();
    for (const [code, fault] of [
      ["EACCES", "failed"],
      ["EIO", "failed"],
      ["EMFILE", "busy"],
    ]) {
      let denials = 0;
      // permissions do not stop a test that root runs
      Folder.prototype.names = async function* unreadable(this: Folder) {
        if (
          !(await this.path("f")
            .then(stat)
            .catch(() => undefined))
        )
          return yield* names.call(this);
        denials += 1;
        throw Object.assign(new Error("unreadable"), { code });
      };
      try {
        const storage = await Storage.open(root, { quota: 1000 });
        assert.is(storage.room, 0);
        for (const work of [
          () => put(storage, "/new", "x"),
          () => put(storage, "/d/f", "x", APPEND),
          () => put(storage, "/new", "x", { mode: "new name" }),
          () => storage.makeFolder("/new"),
        ])
          assert.is(await outcome(work), fault, code);
        assert.is(denials, 1, "one count a second");
        for (let second = 1; second < 4; second += 1) {
          passTime(RECOUNT_SECONDS);
          const writes = Array.from({ length: 10 }, (_, index) => outcome(put(storage, `/${index}`, "x")));
          assert.equal(new Set(await Promise.all(writes)), new Set([fault]));
          assert.is(denials, 1 + second);
        }
        const error: unknown = await storage.write("/new", REPLACE).catch((thrown) => thrown);
        assert.match(String(error), /cannot count the files in \/d: /);
        assert.equal(await readdir(root), ["d"]);
        await storage.rename("/d/f", "/d/g");
        Folder.prototype.names = names;
        passTime(RECOUNT_SECONDS);
        assert.is(await outcome(put(storage, "/new", "x".repeat(401))), "full");
        await put(storage, "/new", "x".repeat(400));
        assert.is(storage.room, 0);
        await storage.remove("/new");
        await storage.rename("/d/g", "/d/f");
        await storage.close();
      } finally {
        Folder.prototype.names = names;
      }
    }
  }, MEMORY);
});

test("a folder keeps its owner's permissions, so that it can be counted", async () => {
  await withHome(
    async ({ storage, path }) => {
      await storage.makeFolder("/d");
      await put(storage, "/d/f", "x");
      for (const mode of [0o000, 0o077, 0o500]) {
        assert.is(await storage.setMode("/d", mode), mode | 0o700);
        assert.is((await stat(join(path, "d"))).mode & 0o777, mode | 0o700);
      }
      assert.is(await storage.setMode("/d/f", 0), 0);
      assert.is((await stat(join(path, "d/f"))).mode & 0o777, 0);
    },
    { quota: 1000 },
  );
});

test("a removed file that was never counted makes the home uncounted, not empty", async () => {
  await withHome(
    async ({ storage, path }) => {
      await put(storage, "/a", "x".repeat(600));
      await writeFile(join(path, "host"), "x".repeat(5000));
      await storage.remove("/host");
      assert.is(await outcome(put(storage, "/b", "x".repeat(401))), "full");
      assert.is(storage.room, 400);
    },
    { quota: 1000 },
  );
});

test("concurrent uploads cannot exceed the number of entries", async () => {
  await withHome(
    async ({ storage, path }) => {
      const usage = Usage.share(await stat(path, { bigint: true }));
      usage.entries = ENTRIES_ALWAYS - 1;
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) => outcome(put(storage, `/${index}`, "x"))),
      );
      assert.equal(outcomes.sort(), ["done", ...Array(9).fill("full")]);
      usage.leave();
    },
    { quota: 1e6 },
  );
});

test("a hundred random operations leave the same count as a recount", async () => {
  await withHome(
    async ({ storage, outside }) => {
      let seed = 12345;
      const random = (below: number) => {
        seed = (seed * 1103515245 + 12345) & 0x7fffffff;
        return (seed >> 8) % below;
      };
      const name = () => `/${"abcd"[random(4)]}${random(3) === 0 ? "/x" : ""}`;
      const free = await Storage.open(outside, { home: "/home" });
      const one = async () => {
        const size = random(3000);
        const by = random(2) === 0 ? storage : free;
        const works = [
          () => put(by, name(), "r".repeat(size)),
          () => put(by, name(), "a".repeat(size), APPEND),
          () => put(by, name(), "o".repeat(size), { ...REPLACE, offset: random(100) }),
          async () => {
            const upload = await by.write(name(), random(2) === 0 ? REPLACE : APPEND);
            try {
              await upload.write(encodeUtf8("b".repeat(size)));
            } finally {
              await upload.abort();
            }
          },
          () => by.remove(name()),
          () => by.rename(name(), name()),
          () => by.makeFolder(name()),
          () => by.removeFolder(name()),
        ];
        const work = works[random(works.length)] ?? works[0];
        if (work) seen.add(await outcome(work));
      };
      const seen = new Set<string>();
      for (let turn = 0; turn < 60; turn += 1) await Promise.all(Array.from({ length: 5 }, one));
      for (const code of ["done", "missing", "full", "a folder", "not a folder"])
        assert.ok(seen.has(code), `never ${code}: ${[...seen]}`);
      const kept = storage.room;
      const { room } = await recount(outside);
      assert.is(kept, room);
      await free.close();
    },
    { quota: 10_000 },
  );

  async function recount(outside: string): Promise<{ room: number | undefined }> {
    const output = spawnSync(
      "sh",
      ["-c", "find home -type f -printf '%s\\n' | awk '{ s += $1 } END { print s + 0 }'"],
      {
        cwd: outside,
      },
    );
    return { room: Math.max(0, 10_000 - Number(output.stdout.toString())) };
  }
});

test("a home with a quota has a limited number of files and folders, even empty ones", async () => {
  await withHome(
    async ({ storage, path }) => {
      const usage = Usage.share(await stat(path, { bigint: true }));
      usage.entries = ENTRIES_ALWAYS - 2;
      await storage.makeFolder("/a");
      const upload = await storage.write("/b", REPLACE);
      assert.is(await outcome(storage.write("/c", REPLACE)), "full");
      assert.is(await outcome(storage.makeFolder("/c")), "full");
      await upload.commit();
      assert.is(await outcome(storage.makeFolder("/c")), "full");
      await put(storage, "/b", "replaced");
      await storage.remove("/b");
      await storage.makeFolder("/c");
      usage.leave();
    },
    { quota: 1e6 },
  );
});

const namespace = ["--user", "--map-root-user", "--mount"];
const canMount = spawnSync("unshare", [...namespace, "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
(canMount ? test : test.skip)("a full disk leaves all as it was", () => {
  const folder = "/mnt";
  const command = `mount -t tmpfs -o size=1m none ${folder} && exec "$0" --import tsx "$1" ${folder}`;
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...namespace, "sh", "-c", command, process.execPath, FULL_DISK],
    { encoding: "utf8", timeout: 30_000 },
  );
  assert.is(status, 0, stderr);
  assert.equal(JSON.parse(stdout), {
    new: "full",
    replaced: "full",
    appended: "full",
    within: "full",
    "new name": "full",
    old: true,
    files: ["old"],
    after: "done",
  });
});

const QUOTAS: [text: string, bytes: number | undefined][] = [
  ["", undefined],
  ["0", 0],
  ["1000", 1000],
  ["1 KiB", 1024],
  ["500 MiB", 500 * 1024 ** 2],
  ["2 GiB", 2 * 1024 ** 3],
  ["3 TiB", 3 * 1024 ** 4],
];
test("parseQuota and formatQuota are each other's inverse, and refuse anything else", () => {
  for (const [text, bytes] of QUOTAS) {
    assert.is(parseQuota(text), bytes, text);
    assert.is(formatQuota(bytes), text, text);
  }
  assert.is(parseQuota("2GiB"), 2 * 1024 ** 3);
  assert.is(formatQuota(1024 ** 5), "1024 TiB");
  for (const text of [
    "-1",
    "1.5 GiB",
    "1 GB",
    "GiB",
    "1e9",
    " 1",
    "0x10",
    "9".repeat(16),
    "999999999999999 TiB",
  ])
    throws(() => parseQuota(text), `invalid quota "${text}": expected bytes, or a size such as 500 MiB`);
});

test.after.each(releaseClock);

test.run();
