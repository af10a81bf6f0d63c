import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Entry } from "../../../exercises/05-ftp/ftp/protocol/listing.ts";
import {
  asStatable,
  FACTS,
  formatFacts,
  formatLong,
  formatTime,
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

test("a time that 14 digits cannot state is left out of facts, and LIST shows another", () => {
  for (const iso of ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]) {
    const date = new Date(iso);
    assert.is(asStatable(date), date);
    assert.match(formatTime(date), /^\d{14}$/);
    assert.match(
      formatLong({ ...file, modified: date }),
      / 1234 [A-Z][a-z]{2} [ \d]\d {2}(?:0001|9999) {2}ü;x$/,
    );
  }
  for (const time of ["+010000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "-000249-10-15T19:33:20Z", "far"])
    assert.is(asStatable(new Date(time)), undefined, time);
  const unknown = { ...file, modified: undefined };
  assert.is(
    formatFacts(unknown, all, { readOnly: false }),
    "type=file;size=1234;perm=adfrw;unique=abc;UNIX.mode=0640;  ü;x",
  );
  assert.match(formatLong(unknown), / 1234 Jan {2}1 {2}1970 {2}ü;x$/);
});

test("parseFacts accepts known facts in any case", () => {
  assert.equal([...parseFacts("SIZE;type;unix.MODE;nonsense;")], ["type", "size", "UNIX.mode"]);
  assert.equal([...parseFacts("")], []);
});

test.run();
