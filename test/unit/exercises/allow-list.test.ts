import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AllowList,
  type Entry,
  formatList,
  parseList,
  readList,
  writeList,
} from "../../../exercises/03-allow-list/allow-list.ts";
import { rejects, throws } from "../../support/rejects.ts";

const HEADER = "name,fingerprint,comment";
const ALICE = `SHA256:${"a".repeat(42)}A`;
const BOB = `SHA256:${"b".repeat(42)}A`;

test("parseList and formatList are each other's inverse for every comment", async () => {
  const comment = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "").trim());
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

const BAD: [what: string, text: string, reason: RegExp | string][] = [
  ["an empty file", "", "line 1: expected name,fingerprint,comment"],
  ["no header", `alice,${ALICE},\n`, "line 1: expected name,fingerprint,comment"],
  [
    "other columns",
    `fingerprint,name,comment\n${ALICE},alice,\n`,
    "line 1: expected name,fingerprint,comment",
  ],
  ["a cell too few", `${HEADER}\nalice,${ALICE}\n`, /^line 2: /],
  ["a cell too many", `${HEADER}\nbob,${BOB},\nalice,${ALICE},x,y\n`, /^line 3: /],
  ["a quote that does not end", `${HEADER}\nalice,${ALICE},"x\n`, /^line [23]: /],
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

test("readList names the file, and refuses one that is too large", async () => {
  const file = join(folder, "large.csv");
  await writeFile(file, `${HEADER}\n${"\n".repeat(1024 * 1024)}`);
  await rejects(readList(file), /^\S+large\.csv cannot be used: it is too large, at most 1 MiB are read$/);
  await rejects(readList(join(folder, "no.csv")), /no\.csv cannot be used: there is no such file$/);
});

test("AllowList finds those on the list, takes a new version over, and keeps the last good one", async () => {
  const file = join(folder, "watched.csv");
  await writeList(file, [{ name: "alice", fingerprint: ALICE, comment: "" }]);
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
  await writeList(file, [{ name: "bob", fingerprint: BOB, comment: "" }]);
  assert.is(await changed, "changed");
  assert.is(list.find(ALICE), undefined);
  assert.is(list.find(BOB)?.name, "bob");

  const failed = next();
  await writeFile(file, "nonsense");
  assert.match(await failed, /line 1: /);
  assert.is(list.find(BOB)?.name, "bob");
});

test.run();
