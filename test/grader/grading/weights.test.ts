import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { SAMPLE } from "../fakes/sample-report.ts";
import type { Report } from "../model/report.ts";
import { loadWeights, parseWeights, weigh } from "./weights.ts";

const [PART2, EXERCISE] = SAMPLE.tasks;

function checksOf({ tasks }: Report): Record<string, [points: number, maximum: number]> {
  const all = tasks.flatMap((task) => task.checks.map((check) => [`${task.id}/${check.id}`, check] as const));
  return Object.fromEntries(all.map(([id, { points, maximum }]) => [id, [points, maximum]]));
}

test("weigh gives points to what passed, and sums them up", () => {
  const before = checksOf(SAMPLE);
  const [passed = "", failed = ""] = ["pass", "fail"].map(
    (verdict) => PART2?.checks.find((check) => check.verdict === verdict)?.id,
  );
  const weighed = weigh(SAMPLE, { tasks: { part2: { [passed]: 7.5, [failed]: 3 } }, passMark: 60 });
  assert.equal(checksOf(weighed), {
    ...before,
    [`part2/${passed}`]: [7.5, 7.5],
    [`part2/${failed}`]: [0, 3],
  });
  for (const field of ["points", "maximum"] as const) {
    const sums = weighed.tasks.map((task) => task.checks.reduce((sum, check) => sum + check[field], 0));
    assert.equal(
      weighed.tasks.map((task) => task[field]),
      sums,
    );
    assert.is(
      weighed[field],
      sums.reduce((sum, each) => sum + each, 0),
    );
  }
  assert.is(weighed.passMark, 60);
});

test("weigh gives no points to a check that does not apply", () => {
  const tasks = SAMPLE.tasks.map((task) => ({
    ...task,
    checks: task.checks.map((check) => ({ ...check, verdict: "not applicable" as const })),
  }));
  const id = PART2?.checks[0]?.id ?? "";
  const weighed = weigh({ ...SAMPLE, tasks }, { tasks: { part2: { [id]: 50 } } });
  assert.equal(checksOf(weighed)[`part2/${id}`], [0, 0]);
});

test("weigh leaves checks out", () => {
  const id = EXERCISE?.checks[0]?.id ?? "";
  const { [`01/${id}`]: _, ...others } = checksOf(SAMPLE);
  assert.equal(checksOf(weigh(SAMPLE, { tasks: { "01": { [id]: "leave out" } } })), others);
});

test("weigh without weights changes nothing", () => {
  assert.equal(weigh(SAMPLE, { tasks: {} }), SAMPLE);
});

const BAD: [weights: unknown, error: string][] = [
  [[], "expected an object, got []"],
  [{ passmark: 50 }, 'unknown field "passmark"; did you mean passMark?'],
  [{ passMark: 101 }, "passMark: expected per cent, from 0 to 100, got 101"],
  [{ passMark: -1 }, "passMark: expected per cent, from 0 to 100, got -1"],
  [{ passMark: "60" }, 'passMark: expected per cent, from 0 to 100, got "60"'],
  [{ tasks: { part3: {} } }, 'tasks: unknown "part3"; did you mean part1?'],
  [{ tasks: { part2: { secrets: 1 } } }, 'tasks.part2: unknown "secrets"; did you mean secret?'],
  [{ tasks: { part2: 5 } }, "tasks.part2: expected an object with points for its checks, got 5"],
  [
    { tasks: { part2: { secret: -1 } } },
    'tasks.part2.secret: expected points from 0 to 1000, or "leave out", got -1',
  ],
  [
    { tasks: { part2: { secret: 1001 } } },
    'tasks.part2.secret: expected points from 0 to 1000, or "leave out", got 1001',
  ],
  [
    { tasks: { part2: { secret: "skip" } } },
    'tasks.part2.secret: expected points from 0 to 1000, or "leave out", got "skip"',
  ],
];

for (const [weights, error] of BAD)
  test(`weights are refused: ${JSON.stringify(weights)}`, () => throws(() => parseWeights(weights), error));

test("weights are accepted at their limits", () => {
  const tasks = { part2: { secret: 0, unaltered: 1000, long: "leave out" } };
  assert.equal(parseWeights({ tasks, passMark: 0 }), { tasks, passMark: 0 });
  assert.equal(parseWeights({ passMark: 100 }), { tasks: {}, passMark: 100 });
});

test("loadWeights names the file in its errors", () =>
  withFolder(async (folder) => {
    const file = join(folder, "weights.json");
    throws(() => loadWeights(file), `${file}: there is no such file`);
    writeFileSync(file, '\ufeff{\n"passMark": 50,\n}');
    throws(() => loadWeights(file), /weights\.json: line 3: it is not JSON: /);
    writeFileSync(file, '\ufeff{ "passMark": 50 }');
    assert.equal(loadWeights(file), { tasks: {}, passMark: 50 });
  }));

test.run();
