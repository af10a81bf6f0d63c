import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WatchedFile } from "../../../lib/files/watched-file.ts";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";

/** Milliseconds between two looks. */
const LOOK = 250;

/** A number in a file. */
async function readNumber(file: string): Promise<number> {
  const text = await readFile(file, "utf8");
  if (!/^\d+$/.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}

/** Watches, and lets each report be awaited. */
function watch(file: WatchedFile<number>): { next: () => Promise<string>; stop: () => void; told: string[] } {
  const told: string[] = [];
  let tell = () => {};
  const add = (what: string) => {
    told.push(what);
    tell();
  };
  const stop = file.watch({
    changed: () => add(`changed to ${file.value}`),
    failed: (error) => add(`failed: ${error instanceof Error ? error.message : error}`),
  });
  let read = 0;
  const next = async () => {
    while (told.length === read)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    read += 1;
    return told[read - 1] ?? "";
  };
  return { next, stop, told };
}

test("WatchedFile: each change is reported once, and what cannot be used leaves the value before in force", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    await writeFile(file, "1");
    const watched = await WatchedFile.open(file, readNumber);
    assert.is(watched.value, 1);
    const { next, stop, told } = watch(watched);
    try {
      await writeFile(file, "22");
      assert.is(await next(), "changed to 22");
      await writeFile(`${file}.new`, "33");
      await rename(`${file}.new`, file);
      assert.is(await next(), "changed to 33");
      await writeFile(`${file}.new`, "many");
      await rename(`${file}.new`, file);
      assert.is(await next(), "failed: not a number: many");
      assert.is(watched.value, 33);
      await rm(file);
      assert.match(await next(), /^failed: ENOENT/);
      assert.is(watched.value, 33);
      await writeFile(`${file}.new`, "4");
      await rename(`${file}.new`, file);
      assert.is(await next(), "changed to 4");
      assert.is(told.length, 5);
    } finally {
      stop();
    }
  });
});

test("WatchedFile.open throws what cannot be read", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    await rejects(WatchedFile.open(file, readNumber), /ENOENT/);
    await writeFile(file, "x");
    await rejects(WatchedFile.open(file, readNumber), "not a number: x");
  });
});

test("WatchedFile: a slow reader is called once at a time, and not after the end", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "number");
    await writeFile(file, "1");
    let reads = 0;
    let begun = () => {};
    let release = () => {};
    const watched = await WatchedFile.open(file, async (path) => {
      reads += 1;
      begun();
      if (reads > 1)
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      return readNumber(path);
    });
    mock.timers.enable({ apis: ["setInterval"] });
    const { next, stop } = watch(watched);
    try {
      await writeFile(file, "22");
      const beginning = new Promise<void>((resolve) => {
        begun = resolve;
      });
      mock.timers.tick(LOOK);
      await beginning;
      await writeFile(file, "333");
      mock.timers.tick(3 * LOOK);
      assert.is(reads, 2);
      release();
      assert.is(await next(), "changed to 333");
    } finally {
      stop();
    }
    mock.timers.tick(3 * LOOK);
    // a look that had begun would have asked for the file's state by now
    await stat(file);
    assert.is(reads, 2);
  });
});

test.after.each(() => mock.timers.reset());

test.run();
