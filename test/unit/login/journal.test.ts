import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Journal, NotStored } from "../../../exercises/06-login/journal.ts";
import type { Entry } from "../../../exercises/06-login/journal-file.ts";
import { holdCall } from "../../support/hold-call.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

type FileMethod = (...args: never[]) => Promise<unknown>;
const methods: { datasync: FileMethod; write: FileMethod; truncate: FileMethod } = await prototypeOfHandles();

function entry(number: number, { session = 0, text = `text ${number}` } = {}): Entry {
  return {
    time: "2026-01-31T12:00:00.000Z",
    user: "alice",
    key: `SHA256:${"A".repeat(43)}`,
    session: session.toString(16).padStart(32, "0"),
    number,
    text,
  };
}

interface Scene {
  journal: Journal;
  /** The texts that were stored, in order. */
  stored: string[];
  /** The texts that are in the file. */
  inFile: () => Promise<string[]>;
  file: string;
}

async function withJournal(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    const stored: string[] = [];
    const { journal } = await Journal.open(file, {
      stored: (entries) => stored.push(...entries.map(({ text }) => text)),
    });
    const inFile = async () => {
      const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
      return lines.map((line): string => JSON.parse(line).text);
    };
    try {
      await use({ journal, stored, inFile, file });
    } finally {
      await journal.close();
    }
  }, MEMORY);
}

test("append resolves once the entry is in the file; sent again, it is confirmed and not appended", async () => {
  await withJournal(async ({ journal, stored, inFile }) => {
    await journal.append(entry(1));
    assert.equal(await inFile(), ["text 1"]);
    await journal.append(entry(2));
    await journal.append(entry(1));
    assert.equal(stored, ["text 1", "text 2"]);
    assert.equal(await inFile(), ["text 1", "text 2"]);
    await rejects(journal.append(entry(2, { text: "other" })), /it was another text before/);
    await rejects(journal.append(entry(4)), "message 4 is refused: expected 3");
    await journal.append(entry(3));
    assert.equal(stored, ["text 1", "text 2", "text 3"]);
  });
});

test("what arrives during a write is written together, with one wait for the disk", async () => {
  await withJournal(async ({ journal, inFile }) => {
    const held = holdCall(methods, "datasync");
    const first = journal.append(entry(1));
    await held.called;
    const rest = Array.from({ length: 100 }, (_, session) =>
      journal.append(entry(1, { session: session + 1 })),
    );
    held.release();
    let syncs = 0;
    const restore = count(methods, "datasync", () => {
      syncs += 1;
    });
    await first;
    await Promise.all(rest);
    restore();
    assert.is(syncs, 1);
    assert.is((await inFile()).length, 101);
  });
});

test("nothing is confirmed, nor stored, before the disk has it", async () => {
  await withJournal(async ({ journal, stored }) => {
    const held = holdCall(methods, "datasync");
    let isConfirmed = false;
    const appended = journal.append(entry(1)).then(() => {
      isConfirmed = true;
    });
    await held.called;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal([isConfirmed, stored], [false, []]);
    held.release();
    await appended;
    assert.equal(stored, ["text 1"]);
  });
});

for (const method of ["write", "datasync"] as const)
  test(`when ${method} fails, none of the batch is in the file, and all can be sent again`, async () => {
    await withJournal(async ({ journal, stored, inFile }) => {
      await journal.append(entry(1));
      const restore = count(methods, method, () => {
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
          code: "ENOSPC",
          syscall: "write",
        });
      });
      const outcomes = await Promise.allSettled([
        journal.append(entry(2)),
        journal.append(entry(1)),
        journal.append(entry(3)),
        journal.append(entry(1, { session: 1 })),
      ]);
      restore();
      for (const outcome of outcomes) {
        assert.is(outcome.status, "rejected");
        if (outcome.status !== "rejected") continue;
        assert.instance(outcome.reason, NotStored);
        assert.is(outcome.reason.message, "the disk is full");
      }
      assert.equal([stored, await inFile()], [["text 1"], ["text 1"]]);
      for (const again of [entry(2), entry(3), entry(1, { session: 1, text: "x" })])
        await journal.append(again);
      assert.equal(stored, ["text 1", "text 2", "text 3", "x"]);
      assert.equal(await inFile(), stored);
    });
  });

test("when the file cannot even be cut back, it is cut back before the next write", async () => {
  await withJournal(async ({ journal, inFile }) => {
    await journal.append(entry(1));
    const fail = () => {
      throw new Error("it failed");
    };
    const restoreAll = [count(methods, "datasync", fail), count(methods, "truncate", fail)];
    await rejects(journal.append(entry(2)), "it failed");
    // the line is there, though it is not confirmed
    assert.is((await inFile()).length, 2);
    for (const restore of restoreAll) restore();
    await journal.append(entry(2, { text: "x" }));
    assert.equal(await inFile(), ["text 1", "x"]);
  });
});

test("after a restart, the journal goes on where it was", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    const { journal } = await Journal.open(file);
    for (let number = 1; number <= 100; number += 1) await journal.append(entry(number));
    await journal.close();
    const found: number[] = [];
    const { journal: again } = await Journal.open(file, { found: ({ number }) => found.push(number) });
    assert.is(found.length, 100);
    await again.append(entry(100));
    await rejects(again.append(entry(102)), "message 102 is refused: expected 101");
    await again.append(entry(101));
    await again.close();
    assert.is((await readFile(file, "utf8")).split("\n").length, 102);
  }, MEMORY);
});

test("close waits for what is being written", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    const { journal } = await Journal.open(file);
    const appended = Array.from({ length: 50 }, (_, index) => journal.append(entry(index + 1)));
    await journal.close();
    await Promise.all(appended);
    assert.is((await readFile(file, "utf8")).split("\n").length, 51);
  }, MEMORY);
});

/** Calls `before` at each call of a method; returns a function that restores the method. */
function count(target: typeof methods, name: keyof typeof methods, before: () => void): () => void {
  const original = target[name];
  async function counted(this: unknown, ...args: unknown[]): Promise<unknown> {
    before();
    return Reflect.apply(original, this, args);
  }
  Object.assign(target, { [name]: counted });
  return () => Object.assign(target, { [name]: original });
}

async function prototypeOfHandles(): Promise<typeof methods> {
  const handle = await open(process.execPath);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  return prototype;
}

test.run();
