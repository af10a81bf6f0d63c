/** report/json.ts: there and back, and every damage named. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertPublished, readPublished } from "../fakes/published-schema.ts";
import { hostileReport, SAMPLE } from "../fakes/sample-report.ts";
import { reportSchema } from "../model/report.ts";
import { decodeReport, encodeReport } from "./json.ts";

for (const [name, report] of Object.entries({ SAMPLE, hostile: hostileReport() })) {
  test(`a report comes back as it was: ${name}`, () => {
    assert.equal(decodeReport(encodeReport(report)), JSON.parse(JSON.stringify(report)));
  });
}

const SCHEMA_FILE = new URL("report.schema.json", import.meta.url);
const accepts = readPublished(SCHEMA_FILE);

test("report.schema.json is up to date, and accepts a report", () => {
  assertPublished(SCHEMA_FILE, reportSchema);
  assert.ok(accepts(JSON.parse(encodeReport(SAMPLE))));
});

test("a report of version 1 is refused with the reason", () => {
  const old = JSON.stringify({ ...SAMPLE, version: 1 });
  assert.throws(() => decodeReport(old), /^the report is of version 1, .* reads version 2: grade again$/);
});

test("a report that shows a stored file comes back as it was", () => {
  const stored: unknown = JSON.parse(encodeReport(SAMPLE));
  const entry = { type: "printed", at: 0, side: "server", stream: "file", text: "hello" };
  set(stored, FIRST_ENTRY, entry);
  assert.equal(decodeReport(JSON.stringify(stored)), stored);
});

type Path = (string | number)[];

const EVIDENCE: Path = ["tasks", 0, "checks", 3, "finding", "evidence"];
const FIRST_ENTRY: Path = [...EVIDENCE, 0, "diagram", "entries", 0];

const DAMAGES: [path: Path, value: unknown, message: RegExp][] = [
  [["version"], 3, /^the report is damaged: version: expected 2, got 3$/],
  [["version"], "1", /^the report is damaged: version: expected 2, got "1"$/],
  [["submission"], null, /submission: expected an object, got null$/],
  [["submission", "name"], 7, /submission\.name: expected a string, got 7$/],
  [["points"], "65", /: points: expected a number, got "65"$/],
  [["tasks"], {}, /tasks: expected an array, got {}$/],
  [["tasks", 1, "points"], null, /tasks\[1\]\.points: expected a number, got null$/],
  [["tasks", 0, "checks", 0, "verdict"], "passed", /tasks\[0\]\.checks\[0\]\.verdict: expected pass, fail/],
  [[...EVIDENCE, 1, "dump", "marked", 0], [1], /marked\[0\]: expected two numbers, got \[1\]$/],
  [[...EVIDENCE, 1, "dump", "hex"], "0g", /hex: expected hexadecimal, got "0g"$/],
  [[...FIRST_ENTRY, "type"], "toString", /entries\[0\]\.type: expected a known type, got "toString"$/],
  [[...FIRST_ENTRY, "text"], undefined, /entries\[0\]: the field text is missing$/],
  [["isolation", "kind"], "docker", /isolation\.kind: expected namespaces, none, got "docker"$/],
];

for (const [path, value, message] of DAMAGES) {
  test(`a report with a damaged ${path.join(".")} is refused`, () => {
    const damaged: unknown = JSON.parse(encodeReport(SAMPLE));
    set(damaged, path, value);
    assert.throws(() => decodeReport(JSON.stringify(damaged)), message);
    assert.not.ok(accepts(JSON.parse(JSON.stringify(damaged))));
  });
}

test("what is not JSON, or no object, is refused", () => {
  assert.throws(() => decodeReport(encodeReport(SAMPLE).slice(0, -100)), /^the report is not JSON$/);
  assert.throws(() => decodeReport("[]"), /damaged: expected an object, got \[\]$/);
  assert.throws(() => decodeReport("null"), /damaged: expected an object, got null$/);
});

function set(target: unknown, path: Path, value: unknown): void {
  const [key = "", ...rest] = path;
  if (typeof target !== "object" || target === null) throw new TypeError("no such path");
  if (rest.length === 0) Reflect.set(target, key, value);
  else set(Reflect.get(target, key), rest, value);
}

test.run();
