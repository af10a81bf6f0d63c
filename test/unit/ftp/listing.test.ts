import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Entry } from "../../../exercises/05-ftp/ftp/protocol/listing.ts";
import {
  FACTS,
  formatFacts,
  formatLong,
  parseFacts,
} from "../../../exercises/05-ftp/ftp/protocol/listing.ts";

const file: Entry = {
  name: " ü;x",
  kind: "file",
  size: 1234,
  modified: new Date("2026-02-03T04:05:06.999Z"),
  mode: 0o640,
  unique: "abc",
};
const folder: Entry = { ...file, kind: "folder", name: "d", size: 0, mode: 0o755 };
const all = new Set(FACTS);

test("formatLong writes like ls -l, with the time or the year, in UTC", () => {
  const now = new Date("2026-03-01T00:00:00Z");
  assert.is(formatLong(file, now), "-rw-r----- 1 ftp ftp         1234 Feb  3 04:05  ü;x");
  assert.is(formatLong(folder, now), "drwxr-xr-x 1 ftp ftp            0 Feb  3 04:05 d");
  assert.is(
    formatLong(file, new Date("2027-01-01T00:00:00Z")),
    "-rw-r----- 1 ftp ftp         1234 Feb  3  2026  ü;x",
  );
  // in the future: a time of day would look like last year's
  assert.match(formatLong(file, new Date("2026-02-03T04:05:00Z")), / Feb {2}3 {2}2026 /);
});

test("formatFacts: the selected facts, one space, and the unchanged name", () => {
  assert.is(
    formatFacts(file, all, { readOnly: false }),
    "type=file;size=1234;modify=20260203040506;perm=adfrw;unique=abc;UNIX.mode=0640;  ü;x",
  );
  assert.is(
    formatFacts(folder, all, { readOnly: false }),
    "type=dir;modify=20260203040506;perm=cdeflmp;unique=abc;UNIX.mode=0755; d",
  );
  assert.is(formatFacts(folder, new Set(["size"]), { readOnly: false }), " d");
  assert.is(formatFacts(file, new Set(["perm"]), { readOnly: true }), "perm=r;  ü;x");
  assert.is(formatFacts(folder, new Set(["perm"]), { readOnly: true }), "perm=el; d");
});

test("parseFacts accepts known facts in any case", () => {
  assert.equal([...parseFacts("SIZE;type;unix.MODE;nonsense;")], ["type", "size", "UNIX.mode"]);
  assert.equal([...parseFacts("")], []);
});

test.run();
