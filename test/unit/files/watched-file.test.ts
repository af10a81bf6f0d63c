import fs, { chmod, mkdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SmallFile } from "../../../lib/files/small-file.ts";
import { type Reader, WatchedFile } from "../../../lib/files/watched-file.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

/** Milliseconds between two looks. */
const LOOK = 250;

/** Parses a number. */
function parse(contents: SmallFile | undefined): number {
  if (!contents) throw new Error("missing");
  if (!/^\d+$/.test(contents.text)) throw new Error(`not a number: ${contents.text}`);
  return Number(contents.text);
}

interface Scene {
  folder: string;
  file: string;
  /** Lets time pass until the next report, and returns it. */
  next: () => Promise<string>;
  /** All reports. */
  reports: string[];
  stop: () => void;
}

/** Watches a file that contains 1. */
async function withWatched(
  use: (scene: Scene) => Promise<void>,
  reader: Partial<Reader<number>> = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    await writeFile(file, "1");
    const watched = await WatchedFile.open(file, { limit: 1000, parse, ...reader });
    mock.timers.enable({ apis: ["setInterval"] });
    const reports: string[] = [];
    const stop = watched.watch({
      changed: () => reports.push(`changed to ${watched.value}`),
      failed: (error) =>
        reports.push(`${error instanceof Error ? error.message : error}; still ${watched.value}`),
    });
    let seen = 0;
    const next = async () => {
      for (; reports.length === seen; await stat(folder)) mock.timers.tick(LOOK);
      seen += 1;
      return reports[seen - 1] ?? "";
    };
    try {
      await use({ folder, file, next, reports, stop });
    } finally {
      stop();
      mock.timers.reset();
    }
  }, MEMORY);
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

/** Makes opening files fail with `code` until the returned function is called. */
function failToOpen(code: string): () => void {
  const original = fs.open;
  const failing: typeof fs.open = async () => {
    throw Object.assign(new Error(`${code}: no, open`), { code, syscall: "open" });
  };
  fs.open = failing;
  syncBuiltinESMExports();
  return () => {
    fs.open = original;
    syncBuiltinESMExports();
  };
}

test("WatchedFile reports each change once; a version that cannot be used leaves the value before in force", async () => {
  await withWatched(async ({ file, next, reports }) => {
    await writeFile(file, "22");
    assert.is(await next(), "changed to 22");
    await replace(file, "33");
    assert.is(await next(), "changed to 33");
    await replace(file, "many");
    assert.is(await next(), "not a number: many; still 33");
    await rm(file);
    assert.is(await next(), "missing; still 33");
    await replace(file, "33");
    assert.is(await next(), "changed to 33");
    await writeFile(file, Buffer.of(0x34, 0x0a, 0xe4));
    assert.is(await next(), `${file} cannot be used: line 2 is not UTF-8; still 33`);
    await rm(file);
    await mkdir(file);
    assert.is(await next(), `${file} cannot be used: it is a folder; still 33`);
    await rename(file, `${file}.folder`);
    await symlink("nowhere", file);
    assert.is(await next(), `${file} cannot be used: it is a symbolic link that leads nowhere; still 33`);
    await replace(file, "4");
    assert.is(await next(), "changed to 4");
    assert.is(reports.length, 9);
  });
});

test("WatchedFile misses no change that leaves size and time stamp as they were", async () => {
  for (let time = 0; time < 20; time += 1) {
    await withWatched(async ({ file, next }) => {
      for (const number of [2, 3, 4]) {
        await writeFile(file, String(number));
        assert.is(await next(), `changed to ${number}`);
      }
    });
  }
});

test("WatchedFile follows a link, and the folders on the way, to where they lead now", async () => {
  await withWatched(async ({ folder, file, next }) => {
    for (const name of ["5", "6"]) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "number"), name);
    }
    await symlink("5", join(folder, "now"));
    await rm(file);
    await symlink("now/number", file);
    assert.is(await next(), "changed to 5");
    await symlink("6", join(folder, "then"));
    await rename(join(folder, "then"), join(folder, "now"));
    assert.is(await next(), "changed to 6");
  });
});

test("WatchedFile retries until it can read the file again, and reports the failure once", async () => {
  for (const [code, reason] of [
    ["EMFILE", "this program has too many files open"],
    ["EIO", "the disk has failed"],
  ] as const) {
    await withWatched(async ({ folder, file, next, reports }) => {
      const mend = failToOpen(code);
      try {
        await writeFile(file, "2").catch(() => {});
        assert.is(await next(), `${file} cannot be used: ${reason}; still 1`);
        for (let look = 0; look < 10; look += 1) {
          mock.timers.tick(LOOK);
          await stat(folder);
        }
      } finally {
        mend();
      }
      await writeFile(file, "2");
      assert.is(await next(), "changed to 2");
      assert.is(reports.length, 2);
    });
  }
});

test("WatchedFile tells parse about the permissions, and reports when only they change", async () => {
  const parseMode = (contents: SmallFile | undefined) => contents?.mode ?? 0;
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    await writeFile(file, "1", { mode: 0o600 });
    const watched = await WatchedFile.open(file, { limit: 10, parse: parseMode });
    assert.is(watched.value, 0o600);
    const changed = new Promise<void>((resolve) => {
      const stop = watched.watch({
        changed: () => {
          stop();
          resolve();
        },
        failed: () => assert.unreachable(),
      });
    });
    await chmod(file, 0o640);
    await changed;
    assert.is(watched.value, 0o640);
  }, MEMORY);
});

test("WatchedFile.open throws what cannot be read or used", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    const reader = { limit: 10, parse };
    await rejects(WatchedFile.open(file, reader), "missing");
    await writeFile(file, "x");
    await rejects(WatchedFile.open(file, reader), "not a number: x");
    await writeFile(file, "1".repeat(11));
    await rejects(
      WatchedFile.open(file, reader),
      `${file} cannot be used: it is too large, at most 10 bytes are read`,
    );
  }, MEMORY);
});

test("WatchedFile reads once at a time, parses no version twice, and reports nothing after the end", async () => {
  let parsed = 0;
  const counting = (contents: SmallFile | undefined) => {
    parsed += 1;
    return parse(contents);
  };
  await withWatched(
    async ({ file, folder, next, reports, stop }) => {
      await replace(file, "x");
      assert.match(await next(), /not a number/);
      for (let look = 0; look < 20; look += 1) {
        mock.timers.tick(LOOK);
        await stat(folder);
      }
      await replace(file, "2");
      assert.is(await next(), "changed to 2");
      assert.is(parsed, 3);
      await replace(file, "3");
      // a look is under way
      mock.timers.tick(LOOK);
      stop();
      for (let look = 0; look < 20; look += 1) {
        mock.timers.tick(LOOK);
        await stat(folder);
      }
      assert.is(reports.length, 2);
      assert.is(parsed, 3);
    },
    { parse: counting },
  );
});

test.run();
