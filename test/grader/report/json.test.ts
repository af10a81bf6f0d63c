/** report/json.ts: there and back, and every damage named. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { hostileReport, SAMPLE } from "../fakes/sample-report.ts";
import { decodeReport, encodeReport } from "./json.ts";

for (const [name, report] of Object.entries({ SAMPLE, hostile: hostileReport() })) {
  test(`a report comes back as it was: ${name}`, () => {
    assert.equal(decodeReport(encodeReport(report)), JSON.parse(JSON.stringify(report)));
  });
}

type Path = (string | number)[];

const FIRST_RUNG: Path = ["tasks", 0, "checks", 3, "finding", "evidence", 0, "diagram", "entries", 0];

const DAMAGES: [path: Path, value: unknown, message: RegExp][] = [
  [["version"], 2, /^the report is damaged: version: expected 1$/],
  [["submission"], null, /submission: expected an object$/],
  [["submission", "name"], 7, /submission\.name: expected a string$/],
  [["points"], "65", /: points: expected a number$/],
  [["tasks"], {}, /tasks: expected a list$/],
  [["tasks", 1, "points"], null, /tasks\[1\]\.points: expected a number$/],
  [["tasks", 0, "checks", 0, "verdict"], "passed", /tasks\[0\]\.checks\[0\]\.verdict: expected pass, fail/],
  [
    ["tasks", 0, "checks", 3, "finding", "evidence", 1, "dump", "marked", 0],
    [1],
    /marked\[0\]: expected two/,
  ],
  [["tasks", 0, "checks", 3, "finding", "evidence", 1, "dump", "hex"], "0g", /hex: expected hexadecimal/],
  [[...FIRST_RUNG, "type"], "toString", /entries\[0\]\.type: unknown$/],
  [[...FIRST_RUNG, "text"], undefined, /entries\[0\]\.text: expected a string$/],
  [["isolation", "kind"], "docker", /isolation\.kind: expected namespaces, none$/],
];

for (const [path, value, message] of DAMAGES) {
  test(`a report with a damaged ${path.join(".")} is refused`, () => {
    const damaged: unknown = JSON.parse(encodeReport(SAMPLE));
    set(damaged, path, value);
    assert.throws(() => decodeReport(JSON.stringify(damaged)), message);
  });
}

test("what is not JSON, or no object, is refused", () => {
  assert.throws(() => decodeReport(encodeReport(SAMPLE).slice(0, -100)), /^the report is not JSON$/);
  assert.throws(() => decodeReport("[]"), /it: expected an object$/);
  assert.throws(() => decodeReport("null"), /it: expected an object$/);
});

function set(target: unknown, path: Path, value: unknown): void {
  const [key = "", ...rest] = path;
  if (typeof target !== "object" || target === null) throw new TypeError("no such path");
  if (rest.length === 0) Reflect.set(target, key, value);
  else set(Reflect.get(target, key), rest, value);
}

test.run();
