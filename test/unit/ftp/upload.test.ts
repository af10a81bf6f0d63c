import { spawn, spawnSync } from "node:child_process";
import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TEMPORARY_PREFIX } from "../../../exercises/05-ftp/ftp/storage/path.ts";
import { PIECE_LENGTH } from "../../../exercises/05-ftp/ftp/storage/piece-writer.ts";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import type { WriteOptions } from "../../../exercises/05-ftp/ftp/storage/upload.ts";
import { type Bytes, encodeUtf8, equal } from "../../../lib/bytes/bytes.ts";
import { get, names, outcome, put, WAYS, withHome } from "../../support/home.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const UPLOADER = fileURLToPath(new URL("../../support/uploader.ts", import.meta.url));
const REPLACE = { mode: "replace" } as const;
const APPEND = { mode: "append" } as const;
const isRoot = process.getuid?.() === 0;

const CASES: [
  what: string,
  before: string | undefined,
  options: WriteOptions,
  after: string,
  broken: string,
][] = [
  ["a new file", undefined, REPLACE, "new", "ne"],
  ["a new file, appended to", undefined, APPEND, "new", "ne"],
  ["a new file of a name that is free", undefined, { mode: "new name" }, "new", "ne"],
  ["a file that is replaced", "old one", REPLACE, "new", "old one"],
  ["an empty file that is replaced", "", REPLACE, "new", ""],
  ["a file that is appended to", "old one", APPEND, "old onenew", "old onene"],
  ["an empty file that is appended to", "", APPEND, "new", ""],
  ["a file that is continued at its end", "old one", { ...REPLACE, offset: 7 }, "old onenew", "old onene"],
  ["a file that is continued within", "old one", { ...REPLACE, offset: 2 }, "olnew", "old one"],
  ["a file that is continued within by APPE", "old one", { ...APPEND, offset: 2 }, "olnew", "old one"],
  ["a file that is continued at its beginning", "old one", { ...REPLACE, offset: 0 }, "new", "old one"],
];
for (const way of WAYS) {
  for (const [what, before, options, after, broken] of CASES) {
    test(`${what}: complete after commit, and as documented after abort, by ${way}`, async () => {
      await withHome(
        async ({ storage, path }) => {
          for (const [isWhole, expected] of [
            [true, after],
            [false, broken],
          ] as const) {
            await rm(join(path, "file"), { force: true });
            if (before !== undefined) await writeFile(join(path, "file"), before);
            const upload = await storage.write("/file", options);
            assert.is(upload.path, "/file");
            await upload.write(encodeUtf8("ne"));
            // as another reader sees it meanwhile
            const meanwhile = before === undefined ? "" : before;
            assert.is((await readFile(join(path, "file"), "utf8")).slice(0, meanwhile.length), meanwhile);
            assert.equal(await names(storage, "/"), ["file"]);
            if (isWhole) {
              await upload.write(encodeUtf8("w"));
              await upload.commit();
            }
            await upload.abort();
            await upload.abort();
            assert.is(await readFile(join(path, "file"), "utf8"), expected);
            assert.equal(await readdir(path), ["file"]);
          }
        },
        { way },
      );
    });
  }
}

test("an interrupted upload of a new file is resumed repeatedly, also by APPE", async () => {
  await withHome(async ({ storage }) => {
    const text = "0123456789".repeat(30_000);
    for (const mode of ["replace", "append"] as const) {
      for (let size = 0; size < text.length; ) {
        const upload = await storage.write(`/${mode}`, { mode, ...(mode === "replace" && { offset: size }) });
        const end = Math.min(text.length, size + 70_001);
        await upload.write(encodeUtf8(text.slice(size, end)));
        if (end < text.length) await upload.abort();
        else await upload.commit();
        size = (await storage.stat(`/${mode}`)).size;
        assert.is(size, end);
      }
      assert.is(await get(storage, `/${mode}`), text);
    }
  });
});

test("an upload that breaks off before its first byte leaves no file", async () => {
  await withHome(async ({ storage, path }) => {
    await (await storage.write("/file", REPLACE)).abort();
    await (await storage.write("/file", { mode: "new name" })).abort();
    assert.equal(await readdir(path), []);
  });
});

test("write returns at once while its buffer has room, else a promise, and fails after the end", async () => {
  await withHome(
    async ({ storage }) => {
      const full = await storage.write("/full", REPLACE);
      const bytes = new Uint8Array(PIECE_LENGTH - 1).fill(0x61);
      assert.is(full.write(bytes), undefined);
      const filling = full.write(bytes);
      assert.ok(filling instanceof Promise);
      await filling;
      assert.is(await outcome(async () => full.write(bytes)), "full");
      assert.is(await outcome(async () => full.write(encodeUtf8("d"))), "full");
      await full.abort();
      await rejects(Promise.resolve(full.write(encodeUtf8("d"))), "the upload has ended");

      const upload = await storage.write("/file", REPLACE);
      const letters = ["a", "b", "c"].map((letter) => letter.repeat(150_000));
      for (const each of letters) {
        const copy = encodeUtf8(each);
        await upload.write(copy);
        // reused by the caller
        copy.fill(0);
      }
      await upload.commit();
      assert.is(await get(storage, "/file"), letters.join(""));
    },
    { quota: 2 * PIECE_LENGTH },
  );
});

test("an upload of zero bytes creates an empty file, or empties the existing one", async () => {
  await withHome(async ({ storage }) => {
    await put(storage, "/file", "");
    assert.is(await get(storage, "/file"), "");
    await put(storage, "/file", "x");
    await put(storage, "/file", "");
    assert.is(await get(storage, "/file"), "");
  });
});

test("bytes are unchanged, in pieces of any size", async () => {
  await withHome(async ({ storage, path }) => {
    const whole = new Uint8Array(1_300_007);
    whole.forEach((_, index) => {
      whole[index] = (index * 31 + (index >> 11)) & 0xff;
    });
    for (const size of [997, 65_536, 262_144, 262_145, 1_300_007]) {
      const upload = await storage.write("/file", REPLACE);
      const buffer: Bytes = new Uint8Array(size);
      for (let start = 0; start < whole.length; start += size) {
        const piece = whole.subarray(start, start + size);
        buffer.set(piece);
        await upload.write(buffer.subarray(0, piece.length));
        // the caller may reuse its buffer
        buffer.fill(0);
      }
      await upload.commit();
      assert.ok(equal(new Uint8Array(await readFile(join(path, "file"))), whole), `pieces of ${size}`);
    }
  });
});

test("two uploads to one name do not mix bytes: the last to commit wins", async () => {
  await withHome(async ({ storage, path }) => {
    for (const before of [undefined, "old"]) {
      await rm(join(path, "file"), { force: true });
      if (before !== undefined) await writeFile(join(path, "file"), before);
      const uploads = [await storage.write("/file", REPLACE), await storage.write("/file", REPLACE)];
      for (let turn = 0; turn < 20; turn += 1) {
        for (const [index, upload] of uploads.entries())
          await upload.write(new Uint8Array(40_000).fill(index === 0 ? 0x61 : 0x62));
      }
      const outcomes: string[] = [];
      for (const upload of uploads) outcomes.push(await outcome(upload.commit()));
      // the one that lets a new file grow ends first; then the other replaces its bytes
      assert.equal(outcomes, ["done", "done"]);
      assert.is(await readFile(join(path, "file"), "utf8"), "b".repeat(800_000));
      assert.equal(await readdir(path), ["file"]);
    }
  });
});

test("an upload whose growing file is replaced fails, and the other's bytes stay", async () => {
  await withHome(async ({ storage, path }) => {
    for (const before of [undefined, "old"]) {
      await rm(join(path, "file"), { force: true });
      if (before !== undefined) await writeFile(join(path, "file"), before);
      const grows = await storage.write("/file", APPEND);
      await grows.write(encodeUtf8("grows"));
      await put(storage, "/file", "replaced");
      assert.is(await outcome(grows.commit()), "busy");
      assert.is(await readFile(join(path, "file"), "utf8"), "replaced");
      assert.equal(await readdir(path), ["file"]);
    }
  });
});

test("only one upload at a time lets a file grow, through any home, and it cannot be removed or renamed", async () => {
  await withHome(async ({ storage, outside }) => {
    const other = await Storage.open(outside);
    try {
      await put(storage, "/other", "x");
      for (const before of [undefined, "old"]) {
        if (before !== undefined) await put(storage, "/file", before);
        const grows = await storage.write("/file", APPEND);
        await grows.write(encodeUtf8("grows"));
        const refused: (() => Promise<unknown>)[] = [
          () => storage.write("/file", APPEND),
          () => other.write("/home/file", APPEND),
          () => storage.write("/file", { ...REPLACE, offset: 1 }),
          () => storage.remove("/file"),
          () => storage.rename("/file", "/elsewhere"),
          () => storage.rename("/other", "/file"),
          () => other.remove("/home/file"),
        ];
        // a new file is still empty, so there is no end to continue at
        for (const [index, work] of refused.entries()) {
          if (before === undefined && index < 3) continue;
          assert.is(await outcome(work), "busy", `${before} ${index}`);
        }
        await grows.commit();
        assert.is(await get(storage, "/file"), `${before ?? ""}grows`);
        assert.is(await outcome(storage.remove("/file")), "done");
      }
    } finally {
      await other.close();
    }
  });
});

test("an upload that continues within a file fails if the file has changed", async () => {
  await withHome(async ({ storage }) => {
    await put(storage, "/file", "0123456789");
    const upload = await storage.write("/file", { ...REPLACE, offset: 5 });
    await upload.write(encodeUtf8("new"));
    await put(storage, "/file", "another", APPEND);
    assert.is(await outcome(upload.commit()), "busy");
    assert.is(await get(storage, "/file"), "0123456789another");
  });
});

test("a file that is removed while it is being replaced is created", async () => {
  await withHome(async ({ storage }) => {
    await put(storage, "/file", "old");
    const upload = await storage.write("/file", REPLACE);
    await storage.remove("/file");
    await upload.write(encodeUtf8("new"));
    await upload.commit();
    assert.is(await get(storage, "/file"), "new");
  });
});

test("a folder that replaces the file meanwhile is not replaced", async () => {
  await withHome(async ({ storage, path }) => {
    await put(storage, "/file", "old");
    const upload = await storage.write("/file", REPLACE);
    await upload.write(encodeUtf8("new"));
    await storage.remove("/file");
    await storage.makeFolder("/file");
    assert.is(await outcome(upload.commit()), "a folder");
    assert.equal(await readdir(path), ["file"]);
  });
});

test("twenty uploads with a new name at once get twenty names", async () => {
  await withHome(async ({ storage }) => {
    const uploads = await Promise.all(
      Array.from({ length: 20 }, () => storage.write("/file", { mode: "new name" })),
    );
    await Promise.all(
      uploads.map(async (upload, index) => {
        await upload.write(encodeUtf8(`${index}`));
        await upload.commit();
      }),
    );
    assert.is(new Set(uploads.map(({ path }) => path)).size, 20);
    for (const [index, { path }] of uploads.entries()) assert.is(await get(storage, path), `${index}`);
    assert.ok(uploads.some(({ path }) => path === "/file"));
  });
});

test("a new name that would be too long is refused, but the free one is not", async () => {
  await withHome(async ({ storage }) => {
    const name = `/${"x".repeat(250)}`;
    await (await storage.write(name, { mode: "new name" })).commit();
    assert.is(await outcome(storage.write(name, { mode: "new name" })), "name");
  });
});

test("a file keeps its permissions when it is replaced, and a read-only file is not", async () => {
  await withHome(async ({ storage, path }) => {
    await put(storage, "/file", "old");
    await chmod(join(path, "file"), 0o4640);
    await put(storage, "/file", "new");
    assert.is((await stat(join(path, "file"))).mode & 0o7777, 0o640);
    if (isRoot) return; // who may write everything
    await storage.setMode("/file", 0o440);
    assert.is(await outcome(storage.write("/file", REPLACE)), "denied");
    assert.is(await outcome(storage.write("/file", APPEND)), "denied");
    await storage.setMode("/file", 0);
    assert.is(await outcome(storage.read("/file")), "denied");
    await storage.setMode("/file", 0o600);
    assert.is(await get(storage, "/file"), "new");
  });
});

test("no client sees temporary files, and those of a dead process are removed by a listing", async () => {
  await withFolder(async (root) => {
    const stale = `${TEMPORARY_PREFIX}${deadProcess()}-${"a".repeat(32)}`;
    const alive = `${TEMPORARY_PREFIX}${process.ppid}-${"b".repeat(32)}`;
    const ours = `${TEMPORARY_PREFIX}${process.pid}-${"c".repeat(32)}`;
    const storage = await Storage.open(root);
    try {
      await storage.makeFolder("/a");
      await put(storage, "/a/file", "old");
      const upload = await storage.write("/a/file", REPLACE);
      for (const name of [stale, alive, ours]) await writeFile(join(root, "a", name), "x");
      assert.equal(await names(storage, "/a"), ["file"]);
      // files that are being written stay, by this process and by others
      const left = await readdir(join(root, "a"));
      assert.is(left.length, 3);
      assert.ok(left.includes(alive) && !left.includes(stale) && !left.includes(ours));
      await upload.abort();
      await storage.remove("/a/file");
      assert.is(await outcome(storage.removeFolder("/a")), "not empty");
      await rm(join(root, "a", alive));
      await writeFile(join(root, "a", stale), "x");
      assert.is(await outcome(storage.removeFolder("/a")), "done");

      await storage.makeFolder("/deep");
      await writeFile(join(root, "deep", stale), "x");
    } finally {
      await storage.close();
    }
    const again = await Storage.open(root, { quota: 1e6 });
    assert.equal(await readdir(join(root, "deep")), []);
    await again.close();
  });
});

test("after kill -9 at any moment, all acknowledged files are complete, and the others unchanged or resumable", async () => {
  await withFolder(async (root) => {
    const acknowledged = new Map<string, { length: number; byte: number }>();
    const begun = new Map<string, { length: number; byte: number }>();
    for (let run = 0; run < 4; run += 1) {
      const output = await runAndKill(root, 1000 * run, 2 + 4 * run);
      for (const [, word, path = "", length, byte] of output.matchAll(/^(begin|done) (\S+) (\d+) (\d+)$/gm)) {
        const file = { length: Number(length), byte: Number(byte) };
        if (word === "begin") begun.set(path, file);
        else {
          acknowledged.set(path, file);
          begun.delete(path);
        }
      }
      const storage = await Storage.open(root, { quota: 1e9 });
      try {
        for (const [path, { length, byte }] of acknowledged) {
          const bytes = new Uint8Array(await readFile(join(root, path)));
          const next = begun.get(path);
          // a continued file has its old bytes; a replaced file is the old or the new one, complete
          const isOld = bytes.length >= length && bytes.subarray(0, length).every((value) => value === byte);
          const isNew = next && bytes.length === next.length && bytes.every((value) => value === next.byte);
          assert.ok(isOld || isNew, `${path}: ${bytes.length} bytes, ${length} were acknowledged`);
          if (!next) assert.is(bytes.length, length, path);
        }
        for (const [path, { length, byte }] of begun) {
          if (acknowledged.has(path)) continue;
          const bytes = new Uint8Array(await readFile(join(root, path)).catch(() => new Uint8Array()));
          assert.ok(bytes.length <= length && bytes.every((value) => value === byte), path);
        }
        const left = await readdir(root);
        assert.not.ok(
          left.some((name) => name.startsWith(TEMPORARY_PREFIX)),
          "a temporary file is left",
        );
        // as a client that cleans up
        for (const path of begun.keys()) {
          if (!acknowledged.has(path)) await storage.remove(path).catch(() => {});
        }
        begun.clear();
        for (const [path, { byte }] of acknowledged) {
          const bytes = await readFile(join(root, path));
          acknowledged.set(path, { length: bytes.length, byte: bytes[0] ?? byte });
        }
      } finally {
        await storage.close();
      }
    }
    assert.ok(acknowledged.size > 10, `${acknowledged.size} acknowledged`);
  }, MEMORY);
});

/**
 * Runs the uploader until it has acknowledged `count` files and a random time has passed; returns
 * its output.
 */
async function runAndKill(root: string, first: number, count: number): Promise<string> {
  const child = spawn(process.execPath, ["--import", "tsx", UPLOADER, root, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let hasEnough = false;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (hasEnough || (output.match(/^done/gm)?.length ?? 0) < count) return;
    hasEnough = true;
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 20);
  });
  await new Promise((resolve) => child.once("close", resolve));
  return output;
}

/** Returns the process id of a process that has ended. */
function deadProcess(): number {
  return spawnSync("true").pid;
}

test.run();
