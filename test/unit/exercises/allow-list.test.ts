import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AllowList,
  allowListFile,
  type Entry,
  formatList,
  parseList,
} from "../../../exercises/03-allow-list/allow-list.ts";
import { rejects, throws } from "../../support/rejects.ts";

const HEADER = "name,fingerprint,comment";
const ALICE = `SHA256:${"a".repeat(42)}A`;
const BOB = `SHA256:${"b".repeat(42)}A`;

test("parseList and formatList are each other's inverse for every comment", async () => {
  const comment = fc.string({ unit: "grapheme" });
  await fc.assert(
    fc.property(comment, (text) => {
      const entries: Entry[] = [
        { name: "alice", fingerprint: ALICE, comment: text },
        { name: "bob", fingerprint: BOB, comment: "" },
      ];
      assert.equal(parseList(formatList(entries)), entries);
    }),
  );
});

test("parseList takes a byte order mark, CR LF, spaces around cells, empty lines and quotes", () => {
  const text = `\ufeff${HEADER}\r\n\r\nalice , ${ALICE},"her, ""old"" laptop"\r\n`;
  assert.equal(parseList(text), [{ name: "alice", fingerprint: ALICE, comment: 'her, "old" laptop' }]);
  assert.equal(parseList(`${HEADER}\n`), []);
});

test("parseList reads what spreadsheets write", () => {
  const alice = { name: "alice", fingerprint: ALICE, comment: "laptop" };
  const bob = { name: "bob", fingerprint: BOB, comment: "" };
  for (const text of [
    `${HEADER}\r\nalice,${ALICE},laptop\nbob,${BOB},\r\n`,
    `${HEADER}\r\nalice,${ALICE},laptop\r\n,,\r\nbob,${BOB},\r\n,,\r\n`,
    `${HEADER},,\r\nalice,${ALICE},laptop,,\r\nbob,${BOB}\r\n`,
    `${HEADER}\r\nalice,${ALICE},laptop\r\nbob,${BOB},\r\n`.replaceAll(",", ";"),
    `${HEADER}\r\nalice,${ALICE},laptop\r\nbob,${BOB},\r\n`.replaceAll(",", "\t"),
  ])
    assert.equal(parseList(text), [alice, bob], text);
});

const BAD: [what: string, text: string, reason: RegExp | string][] = [
  ["an empty file", "", "line 1: expected name,fingerprint,comment"],
  ["no header", `alice,${ALICE},\n`, "line 1: expected name,fingerprint,comment"],
  [
    "other columns",
    `fingerprint,name,comment\n${ALICE},alice,\n`,
    "line 1: expected name,fingerprint,comment",
  ],
  ["a cell too many", `${HEADER}\nbob,${BOB},\nalice,${ALICE},x,y\n`, "line 3: 4 cells, expected 3"],
  [
    "a quote that does not end",
    `${HEADER}\nalice,${ALICE},"x\n`,
    "line 2: its quotation marks are not balanced",
  ],
  ["no name", `${HEADER}\n,${ALICE},\n`, 'line 2: not a name: ""'],
  ["a name that is a path", `${HEADER}\n../alice,${ALICE},\n`, 'line 2: not a name: "../alice"'],
  ["no fingerprint", `${HEADER}\n\nalice,,\n`, 'line 3: not a fingerprint: ""'],
  ["a fingerprint cut short", `${HEADER}\nalice,${ALICE.slice(0, -1)},\n`, /^line 2: not a fingerprint/],
  ["a name twice", `${HEADER}\nalice,${ALICE},\nalice,${BOB},\n`, "line 3: alice is in the list twice"],
  ["a key twice", `${HEADER}\nalice,${ALICE},\nbob,${ALICE},\n`, `line 3: ${ALICE} is in the list twice`],
];
for (const [what, text, reason] of BAD) {
  test(`parseList refuses ${what}, and names the line`, () => throws(() => parseList(text), reason));
}

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sml-list-"));
});
test.after(() => rm(folder, { recursive: true }));

test("an allow list that is too large, or missing, is refused with its name", async () => {
  const file = join(folder, "large.csv");
  await writeFile(file, `${HEADER}\n${"\n".repeat(1024 * 1024)}`);
  const tooLarge = /^\S+large\.csv cannot be used: it is too large, at most 1 MiB are read$/;
  await rejects(allowListFile(file).load(), tooLarge);
  await rejects(AllowList.open(file), tooLarge);
  const missing = /^the allow list \S+no\.csv cannot be used: there is no such file$/;
  await rejects(AllowList.open(join(folder, "no.csv")), missing);
});

test("AllowList finds those on the list, takes a new version over, and keeps the last good one", async () => {
  const file = join(folder, "watched.csv");
  await writeFile(file, formatList([{ name: "alice", fingerprint: ALICE, comment: "" }]));
  const list = await AllowList.open(file);
  assert.is(list.find(ALICE)?.name, "alice");
  assert.is(list.find(BOB), undefined);

  const next = () =>
    new Promise<string>((resolve) => {
      const stop = list.watch({
        changed: () => {
          stop();
          resolve("changed");
        },
        failed: (error) => {
          stop();
          resolve(String(error));
        },
      });
    });
  const changed = next();
  await writeFile(file, formatList([{ name: "bob", fingerprint: BOB, comment: "" }]));
  assert.is(await changed, "changed");
  assert.is(list.find(ALICE), undefined);
  assert.is(list.find(BOB)?.name, "bob");

  const failed = next();
  await writeFile(file, "nonsense");
  assert.match(await failed, /line 1: /);
  assert.is(list.find(BOB)?.name, "bob");
});

test.run();
