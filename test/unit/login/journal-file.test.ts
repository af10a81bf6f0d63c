import { mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Cut, type Entry, JournalFile } from "../../../exercises/06-login/journal-file.ts";
import { TEXT_LIMIT } from "../../../exercises/06-login/protocol.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const KEY = `SHA256:${"A".repeat(43)}`;

function entry(number: number, text = `text ${number}`): Entry {
  const time = "2026-01-31T12:00:00.000Z";
  return { time, user: "alice", key: KEY, session: "0".repeat(32), number, text };
}
const ENTRIES = [entry(1), entry(2, 'é\n"\\\u2028'), entry(3, "")];

/** Opens the journal, appends `entries`, closes it; returns what it found, and what it cut off. */
async function visit(
  file: string,
  entries: readonly Entry[] = [],
): Promise<{ found: Entry[]; cut: Cut | undefined }> {
  const found: Entry[] = [];
  const { journal, cut } = await JournalFile.open(file, (one) => found.push(one));
  try {
    if (entries.length > 0) await journal.append(entries);
  } finally {
    await journal.close();
  }
  return { found, cut };
}

function withJournal(use: (file: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => use(join(folder, "journal")), MEMORY);
}

test("entries are found again, in order, each a line of JSON in a private file", async () => {
  await withJournal(async (file) => {
    assert.equal(await visit(file, ENTRIES.slice(0, 2)), { found: [], cut: undefined });
    assert.equal(await visit(file, ENTRIES.slice(2)), { found: ENTRIES.slice(0, 2), cut: undefined });
    assert.equal(await visit(file), { found: ENTRIES, cut: undefined });
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    assert.equal(
      lines.map((line) => {
        const { check, ...rest } = JSON.parse(line);
        assert.match(check, /^[0-9a-f]{16}$/);
        return rest;
      }),
      ENTRIES,
    );
    assert.is((await stat(file)).mode & 0o777, 0o600);
  });
});

test("a file that ends anywhere is cut back to its last whole line, and goes on", async () => {
  await withJournal(async (file) => {
    await visit(file, ENTRIES);
    const whole = await readFile(file);
    const breaks = [...whole.keys()].filter((index) => whole[index] === 0x0a);
    const isNearBreak = (index: number) => breaks.some((end) => Math.abs(index - end) <= 2);
    for (let length = 0; length <= whole.length; length += 1) {
      if (length % 11 !== 0 && !isNearBreak(length)) continue;
      await writeFile(file, whole.subarray(0, length));
      // a line that lacks its line break only is whole
      const lines = whole.subarray(0, length).toString().split("}\n").length - 1;
      const isWhole = whole[length] === 0x0a;
      const count = isWhole ? lines + 1 : lines;
      const rest = length - whole.subarray(0, length).lastIndexOf("\n") - 1;
      const { found, cut } = await visit(file, [entry(4)]);
      assert.equal(found, ENTRIES.slice(0, count), `${length} bytes`);
      assert.equal(cut, rest === 0 || isWhole ? undefined : { line: count + 1, bytes: rest });
      assert.equal((await visit(file)).found, [...ENTRIES.slice(0, count), entry(4)]);
    }
  });
});

test("a tail of several broken lines, zeros, or more bytes than a line may have is cut off", async () => {
  await withJournal(async (file) => {
    await visit(file, ENTRIES);
    const whole = await readFile(file);
    for (const tail of ["\0".repeat(5000), "garbage\nmore\n", '{"time":\n{"x":1}\n', "x".repeat(500_000)]) {
      await writeFile(file, Buffer.concat([whole, Buffer.from(tail)]));
      const { found, cut } = await visit(file);
      assert.equal(found, ENTRIES);
      assert.equal(cut, { line: 4, bytes: tail.length });
      assert.equal(await readFile(file), whole);
    }
  });
});

test("a byte that has changed anywhere before the last line is refused, with the line's number", async () => {
  await withJournal(async (file) => {
    await visit(file, ENTRIES);
    const whole = await readFile(file);
    const last = whole.subarray(0, -1).lastIndexOf("\n") + 1;
    for (let index = 0; index < last - 1; index += 5) {
      const damaged = Buffer.from(whole);
      damaged[index] = (damaged[index] ?? 0) ^ 1;
      await writeFile(file, damaged);
      const line = whole.subarray(0, index).toString().split("}\n").length;
      await rejects(visit(file), `the journal ${file} cannot be used: line ${line} is damaged`);
      assert.equal(await readFile(file), damaged);
    }
  });
});

test("a text that has changed in the last line is refused, too: it was written completely", async () => {
  await withJournal(async (file) => {
    await visit(file, [entry(1), entry(2, "100 m")]);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("100 m", "900 m"));
    await rejects(visit(file), /line 2 is damaged/);
  });
});

test("a line that is missing, moved or doubled is noticed", async () => {
  await withJournal(async (file) => {
    await visit(
      file,
      [1, 2, 3, 4].map((number) => entry(number)),
    );
    const [a, b, c, d] = (await readFile(file, "utf8")).split("\n");
    for (const [lines, line] of [
      [[a, c, d], 2],
      [[b, c, d], 1],
      [[a, c, b, d], 2],
      [[a, b, b, c, d], 3],
    ] as const) {
      await writeFile(file, `${lines.join("\n")}\n`);
      await rejects(visit(file), new RegExp(`line ${line} is damaged`));
    }
  });
});

test("the longest text that needs the most escapes is found again", async () => {
  await withJournal(async (file) => {
    const longest = entry(1, "\u0000".repeat(TEXT_LIMIT));
    await visit(file, [longest, entry(2)]);
    assert.equal((await visit(file)).found, [longest, entry(2)]);
  });
});

test("a journal that is open is refused a second time, through a link, too; later it is free", async () => {
  await withJournal(async (file) => {
    await writeFile(file, "");
    await symlink("journal", `${file}.link`);
    const { journal } = await JournalFile.open(file, () => {});
    for (const name of [file, `${file}.link`])
      await rejects(
        visit(name),
        `the journal ${name} cannot be used: process ${process.pid} is using it; if that is no such program, remove ${file}.lock`,
      );
    await journal.close();
    await visit(`${file}.link`, ENTRIES);
    assert.equal((await visit(file)).found, ENTRIES);
  });
});

test("a folder, and a file in no folder, are refused, and nothing stays locked", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "journal");
    await mkdir(file);
    await rejects(visit(file), `the journal ${file} cannot be used: it is a folder`);
    await rm(file, { recursive: true });
    await visit(file, ENTRIES);
    await rejects(visit(join(file, "x")), /cannot be used: .*what should be its folder is a file/);
  }, MEMORY);
});

test.run();
