import { spawnSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { holdLock, isAlive, withLock } from "../../../lib/files/lock.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const RANDOM = "0".repeat(32);

/** Returns the number of a process that has ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

async function never(): Promise<void> {
  assert.unreachable();
}

async function tenTurns(file: string): Promise<void> {
  let [inside, most, done] = [0, 0, 0];
  const turn = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => withLock(file, turn)));
  assert.is(most, 1);
  assert.is(done, 10);
}

test("withLock runs one caller at a time, and removes the lock even if the work fails", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "list");
    await tenTurns(file);
    await rejects(
      withLock(file, () => Promise.reject(new Error("it failed"))),
      "it failed",
    );
    assert.equal(await readdir(folder), []);
  }, MEMORY);
});

test("of ten callers that find the lock of a dead process, and that of a process that died removing it, one at a time runs", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "list");
    for (let time = 0; time < 6; time += 1) {
      await writeFile(`${file}.lock`, `${deadProcess()} ${RANDOM}\n`);
      if (time % 2) await writeFile(`${file}.lock.lock`, `${deadProcess()} ${RANDOM}\n`);
      await tenTurns(file);
      assert.equal(await readdir(folder), []);
    }
  }, MEMORY);
});

test("a lock of this process's number from before it started is abandoned", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "list.lock"), `${process.pid} ${RANDOM}\n`);
    await tenTurns(join(folder, "list"));
  }, MEMORY);
});

test("the lock of a living process, and one that is none, are respected, and named in the end", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "list");
    for (const text of [`1 ${RANDOM}\n`, "mine", ""]) {
      await writeFile(`${file}.lock`, text);
      // each look is an hour after the one before
      mock.timers.enable({ apis: ["Date"] });
      const clock = setInterval(() => mock.timers.tick(3_600_000), 1);
      try {
        await rejects(
          withLock(file, never),
          `another process is editing the file; if none is, remove ${file}.lock and try again`,
        );
      } finally {
        clearInterval(clock);
        mock.timers.reset();
      }
      assert.equal(await readdir(folder), ["list.lock"]);
    }
  }, MEMORY);
});

test("withLock fails at once where a lock cannot be created", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "list");
    await mkdir(`${file}.lock`);
    await rejects(withLock(file, never), `${file}.lock cannot be used: it is a folder`);
    await rm(`${file}.lock`, { recursive: true });
    await writeFile(file, "");
    await rejects(withLock(join(file, "x"), never), /cannot be used: what should be its folder/);
  }, MEMORY);
});

test("isAlive knows this process, one of another user, and one that has ended", () => {
  assert.ok(isAlive(process.pid));
  assert.ok(isAlive(1));
  assert.not(isAlive(deadProcess()));
});

test("holdLock keeps others out until it is given back, and fails at once where another has it", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    const giveBack = await holdLock(file);
    const refusal = `process ${process.pid} is using it; if that is no such program, remove ${file}.lock`;
    await rejects(holdLock(file), refusal);
    await rejects(holdLock(file), refusal);
    await giveBack();
    assert.equal(await readdir(folder), []);
    await (await holdLock(file))();
  }, MEMORY);
});

test("holdLock takes the lock of a process that has died", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    await writeFile(`${file}.lock`, `${deadProcess()} ${RANDOM}\n`);
    const giveBack = await holdLock(file);
    await rejects(holdLock(file), /is using it/);
    await giveBack();
  }, MEMORY);
});

test.run();
