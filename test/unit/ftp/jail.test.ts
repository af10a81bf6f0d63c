/**
 * Attackers on the host: they replace folders and files with links while a client's commands run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Jail } from "../../../exercises/05-ftp/ftp/storage/jail.ts";
import type { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { StorageError } from "../../../exercises/05-ftp/ftp/storage/storage-error.ts";
import { entries, get, names, outcome, put, WAYS, withHome } from "../../support/home.ts";

const SWAPPER = fileURLToPath(new URL("../../support/swapper.ts", import.meta.url));
const ROUNDS = 100;

// on other systems the race can be lost, see jail.ts
const testOfDescriptors = WAYS.includes("descriptors") ? test : test.skip;

/**
 * Runs `work` while another process swaps `folder` and `link` in a loop; returns the number of
 * swaps.
 */
async function whileSwapping(
  { folder, aside, link }: { folder: string; aside: string; link: string },
  work: () => Promise<void>,
): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", SWAPPER, folder, aside, link], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "readable");
    await work();
    child.stdin.end();
    return Number((await text(child.stdout)).split("\n").at(-2));
  } finally {
    child.kill("SIGKILL");
  }
}

/** A client's commands on a folder. Each may fail as if nothing existed. */
function commands(storage: Storage, round: number): [what: string, work: () => Promise<unknown>][] {
  return [
    ["stat", () => storage.stat("/a/file")],
    ["stat of what is outside only", () => storage.stat("/a/only-outside")],
    ["list", () => names(storage, "/a")],
    ["read", () => get(storage, "/a/file")],
    ["write", () => put(storage, "/a/file", "inside")],
    ["write new", () => put(storage, `/a/new${round}`, "inside")],
    ["append", () => put(storage, "/a/log", "inside", { mode: "append" })],
    ["make folder", () => storage.makeFolder(`/a/folder${round}`)],
    ["remove folder", () => storage.removeFolder(`/a/folder${round}`)],
    ["rename", () => storage.rename(`/a/new${round}`, `/a/renamed${round}`)],
    ["rename out", () => storage.rename("/a/victim", `/got${round}`)],
    ["remove", () => storage.remove("/a/victim")],
    ["set mode", () => storage.setMode("/a/file", 0o666)],
    ["set time", () => storage.setModified("/a/file", new Date(0))],
  ];
}

testOfDescriptors(
  "a folder that is swapped with a link to outside, in a loop, leads nowhere for hundreds of commands",
  async () => {
    await withHome(async ({ storage, path, outside }) => {
      const secrets = join(outside, "secrets");
      await mkdir(join(path, "a"));
      await mkdir(secrets);
      for (const name of ["file", "victim", "only-outside", "log"])
        await writeFile(join(secrets, name), "SECRET");
      await writeFile(join(path, "a/file"), "inside");
      await symlink(secrets, join(outside, "link"));
      const before = await snapshot(secrets);
      const seen = new Map<string, number>();
      const swaps = await whileSwapping(
        { folder: join(path, "a"), aside: join(outside, "aside"), link: join(outside, "link") },
        async () => {
          for (let round = 0; round < ROUNDS; round += 1) {
            for (const [what, work] of commands(storage, round)) {
              const came = await result(work);
              assert.not.match(came, /SECRET|only-outside/, what);
              if (what === "stat of what is outside only") assert.is(came, "missing");
              const key = `${what}: ${came === "missing" ? "missing" : "done"}`;
              seen.set(key, (seen.get(key) ?? 0) + 1);
            }
          }
        },
      );
      assert.equal(await snapshot(secrets), before);
      assert.equal((await readdir(secrets)).sort(), ["file", "log", "only-outside", "victim"]);
      assert.not.ok((await readdir(path)).some((name) => name.startsWith("got")));
      // both the folder and the link were seen, or the test has tested nothing
      assert.ok(swaps > 200, `${swaps} swaps only`);
      for (const what of ["stat", "read", "write new", "list"])
        for (const end of ["missing", "done"])
          assert.ok((seen.get(`${what}: ${end}`) ?? 0) > 0, `${what}: ${end}`);
    });
  },
);

testOfDescriptors(
  "a file that is swapped with a link to outside, in a loop, is never the one outside",
  async () => {
    await withHome(async ({ storage, path, outside }) => {
      await writeFile(join(outside, "secret"), "SECRET");
      await writeFile(join(path, "file"), "inside");
      await symlink(join(outside, "secret"), join(outside, "link"));
      const before = await readFile(join(outside, "secret"), "utf8");
      let [hits, misses] = [0, 0];
      await whileSwapping(
        { folder: join(path, "file"), aside: join(outside, "aside"), link: join(outside, "link") },
        async () => {
          for (let round = 0; round < ROUNDS; round += 1) {
            const works: (() => Promise<unknown>)[] = [
              () => get(storage, "/file"),
              () => storage.stat("/file"),
              () => entries(storage, "/"),
              () => storage.setMode("/file", 0o640),
              () => storage.setModified("/file", new Date(0)),
              async () => (await storage.write("/file", { mode: "append" })).abort(),
            ];
            for (const work of works) {
              const came = await result(work);
              assert.not.match(came, /SECRET/);
              if (["missing", "denied"].includes(came)) misses += 1;
              else hits += 1;
            }
          }
        },
      );
      assert.ok(hits > 0 && misses > 0, `${hits} hits, ${misses} misses`);
      assert.is(await readFile(join(outside, "secret"), "utf8"), before);
    });
  },
);

for (const way of WAYS) {
  test(`an upload whose folder is moved out of the home, or swapped, is not acknowledged, by ${way}`, async () => {
    await withHome(
      async ({ storage, path, outside }) => {
        await mkdir(join(outside, "secrets"));
        for (const [index, old] of [true, false, true, false].entries()) {
          const moved = join(outside, `moved${index}`);
          await mkdir(join(path, "a"));
          if (old) await writeFile(join(path, "a/file"), "old");
          const upload = await storage.write("/a/file", { mode: "replace" });
          await upload.write(new TextEncoder().encode("new"));
          await rename(join(path, "a"), moved);
          // a link replaces it first, then another folder
          if (index < 2) await symlink(join(outside, "secrets"), join(path, "a"));
          else await mkdir(join(path, "a"));
          assert.is(await outcome(upload.commit()), index < 2 ? "missing" : "busy");
          assert.equal(await readdir(join(outside, "secrets")), []);
          if (old) assert.is(await readFile(join(moved, "file"), "utf8"), "old");
          if (index >= 2) assert.equal(await readdir(join(path, "a")), []);
          await rename(join(path, "a"), `${moved}-replacement`);
        }
      },
      { way },
    );
  });

  test(`a jail refuses a link at each position of a path, by ${way}`, async () => {
    await withHome(
      async ({ path, outside }) => {
        await mkdir(join(path, "a/b/c"), { recursive: true });
        await mkdir(join(outside, "b/c"), { recursive: true });
        await symlink(outside, join(path, "x"));
        await symlink(outside, join(path, "a/x"));
        await symlink(join(outside, "b"), join(path, "a/b/x"));
        await symlink("../..", join(path, "a/b/up"));
        const jail = await Jail.open(path, way);
        try {
          await (await jail.open("/a/b/c")).close();
          for (const bad of ["/x", "/x/b/c", "/a/x/b", "/a/b/x", "/a/b/x/c", "/a/b/up", "/a/b/up/a"])
            assert.is(await outcome(async () => (await jail.open(bad)).close()), "missing", bad);
        } finally {
          await jail.close();
        }
      },
      { way },
    );
  });
}

test("a root that is itself a link is followed once, when it is opened, and stays what it was", async () => {
  await withHome(async ({ outside }) => {
    await mkdir(join(outside, "real"));
    await mkdir(join(outside, "other"));
    await writeFile(join(outside, "real/file"), "x");
    await symlink("real", join(outside, "root"));
    for (const way of WAYS) {
      const jail = await Jail.open(join(outside, "root"), way);
      await rename(join(outside, "root"), join(outside, "old"));
      await symlink("other", join(outside, "root"));
      await jail.at("/file", async (folder, name) => assert.ok((await folder.look(name)).isFile()));
      await jail.close();
      await rename(join(outside, "old"), join(outside, "root"));
    }
  });
});

test("by real paths, a folder that is moved away while it is open is missing, and nothing is created outside", async () => {
  await withHome(
    async ({ path, outside }) => {
      await mkdir(join(path, "a"));
      const jail = await Jail.open(path, "real paths");
      try {
        const folder = await jail.open("/a");
        await rename(join(path, "a"), join(outside, "a"));
        await symlink(join(outside, "a"), join(path, "a"));
        assert.is(await outcome(folder.create("file")), "missing");
        assert.is(await outcome(folder.hold("file")), "missing");
        assert.not.ok(existsSync(join(outside, "a/file")));
        await folder.close();
      } finally {
        await jail.close();
      }
    },
    { way: "real paths" },
  );
});

test("a hard link is the file itself: it can be read, and a write replaces it here only", async () => {
  await withHome(async ({ storage, path, outside }) => {
    await writeFile(join(outside, "other"), "outside");
    await link(join(outside, "other"), join(path, "file"));
    assert.is(await get(storage, "/file"), "outside");
    const upload = await storage.write("/file", { mode: "append" });
    await upload.write(new TextEncoder().encode("!"));
    await upload.abort();
    assert.is(await get(storage, "/file"), "outside");
    await put(storage, "/file", "!", { mode: "append" });
    assert.is(await get(storage, "/file"), "outside!");
    assert.is(await readFile(join(outside, "other"), "utf8"), "outside");
  });
});

/** Returns the result of `work` in words, or the code of its refusal. */
async function result(work: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await work()) ?? "done";
  } catch (error) {
    if (error instanceof StorageError) return error.code;
    throw error;
  }
}

/** Returns everything about the files in `folder` that can change. */
async function snapshot(folder: string): Promise<unknown[]> {
  const files = await readdir(folder);
  return Promise.all(
    files
      .sort()
      .map(async (name) => [
        name,
        await readFile(join(folder, name), "utf8"),
        await statOf(join(folder, name)),
      ]),
  );
}

async function statOf(file: string): Promise<unknown> {
  const { mode, mtimeMs, size, nlink } = await stat(file);
  return { mode, mtimeMs, size, nlink };
}

test.run();
