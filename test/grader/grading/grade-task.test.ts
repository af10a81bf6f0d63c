/** The engine and the checks that need no real program, on programs in memory. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Check, Task } from "../checks/check.ts";
import { part2 } from "../checks/tasks/part2.ts";
import { quickChecks } from "../checks/tasks/quick.ts";
import { TASKS } from "../checks/tasks/tasks.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { clear, malleable, pairOf, preShared, signing, sound } from "../fakes/fake-programs.ts";
import { type FakeProgram, FakeTask } from "../fakes/fake-task.ts";
import { attempts } from "../model/attempt.ts";
import type { CheckReport, TaskReport } from "../model/report.ts";
import type { Stage } from "../model/stage.ts";
import { Found, NotApplicable, NotShown } from "../model/verdict-errors.ts";
import { gradeTask } from "./grade-task.ts";

type Programs = Record<string, FakeProgram>;

function grade(task: Task, programs: Programs, only?: string[]): Promise<TaskReport> {
  return gradeTask(task, new FakeTask(programs), {
    jobs: 8,
    only: only && new Set(only),
    repeat: (id) => `again ${id}`,
  });
}

async function verdicts(programs: Programs, only?: string[]): Promise<Record<string, string>> {
  const { checks } = await grade(part2, programs, only);
  return Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]));
}

function taskOf(...checks: Partial<Check>[]): Task {
  return {
    id: "part2",
    title: "a task",
    keepsFolders: false,
    longText: 1000,
    checks: checks.map((check) => ({
      id: "",
      title: "",
      points: 10,
      needs: [],
      run: async () => attempts("attack", "refused"),
      ...check,
    })),
  };
}

const FINDING = { expected: "a", happened: "b", why: "c", hint: "d" };
const fail = async () => {
  throw new Found(FINDING);
};

test("gradeTask turns what a check throws into a verdict", async () => {
  const task = taskOf(
    { id: "pass" },
    { id: "fail", run: fail },
    {
      id: "not-shown",
      run: async () => {
        throw new NotShown("it does not start");
      },
    },
    {
      id: "not-applicable",
      run: async () => {
        throw new NotApplicable("not asked for");
      },
    },
    {
      id: "error",
      run: async () => {
        throw new TypeError("our own mistake");
      },
    },
  );
  const report = await grade(task, pairOf(sound));
  const summary = report.checks.map(({ verdict, points, maximum }) => [verdict, points, maximum]);
  assert.equal(summary, [
    ["pass", 10, 10],
    ["fail", 0, 10],
    ["not shown", 0, 10],
    ["not applicable", 0, 0],
    ["error", 0, 10],
  ]);
  assert.is(report.points, 10);
  assert.is(report.maximum, 40);
  const [, failed, notShown, , error] = report.checks;
  assert.equal(failed?.finding, { ...FINDING, evidence: [] });
  assert.is(notShown?.reason, "it does not start");
  assert.match(error?.reason ?? "", /our own mistake[\s\S]*grade-task\.test\.ts/);
  assert.is(failed?.repeat, "again fail");
});

test("a pass says what was tried, and with nothing tried it shows nothing", async () => {
  const task = taskOf(
    { id: "some", run: async () => [...attempts("alteration", "refused", 2)] },
    { id: "none", run: async () => [] },
  );
  const [some, none] = (await grade(task, pairOf(sound))).checks;
  assert.equal([some?.verdict, some?.tried], ["pass", "2 alterations: all refused"]);
  assert.equal([none?.verdict, none?.reason], ["not shown", "nothing could be tried"]);
});

test("gradeTask does not try a check whose needs did not pass, whatever their order", async () => {
  let tried = false;
  const task = taskOf(
    {
      id: "second",
      needs: ["first"],
      run: async () => {
        tried = true;
        return attempts("attack", "refused");
      },
    },
    { id: "first", run: fail },
  );
  const [second] = (await grade(task, pairOf(sound))).checks;
  assert.is(second?.verdict, "not shown");
  assert.is(second?.reason, 'it needs "first", which did not pass');
  assert.is(tried, false);
});

test("gradeTask reports only what is asked for, and runs what that needs", async () => {
  const run: string[] = [];
  const note = (id: string) => async () => {
    run.push(id);
    return attempts("attack", "refused");
  };
  const task = taskOf(
    { id: "a", run: note("a") },
    { id: "b", needs: ["a"], run: note("b") },
    { id: "c", run: note("c") },
  );
  const report = await grade(task, pairOf(sound), ["b"]);
  assert.equal(
    report.checks.map(({ id }) => id),
    ["b"],
  );
  assert.equal(run, ["a", "b"]);
  assert.is(report.maximum, 10);
});

test("gradeTask shows nothing for programs that do not talk any more after the attacks", async () => {
  let exchanges = 0;
  const { client, server } = pairOf(sound);
  const dying: Programs = {
    server,
    client: async (world) => {
      exchanges += 1;
      if (exchanges > 1) throw new Error("worn out");
      await client(world);
    },
  };
  const task = taskOf(
    {
      id: "message",
      run: async (exchanges) => {
        await exchanges.baseline();
        return attempts("text", "arrived");
      },
    },
    { id: "resists", needs: ["message"] },
  );
  const [message, resists] = (await grade(task, dying)).checks;
  assert.is(message?.verdict, "pass");
  assert.is(resists?.verdict, "not shown");
  assert.match(resists?.reason ?? "", /a plain exchange after the attacks did not work.*resists nothing/);
});

test("gradeTask records each exchange with the check that ran it", async () => {
  const recorded: string[] = [];
  const task = taskOf({
    id: "one",
    run: async (exchanges) => {
      await exchanges.run({ title: "an attack" });
      return attempts("attack", "refused");
    },
  });
  await gradeTask(task, new FakeTask(pairOf(sound)), {
    repeat: String,
    record: (check, title) => recorded.push(`${check}: ${title}`),
  });
  assert.equal(recorded, ["one: the first exchange", "one: an attack"]);
});

test("gradeTask's times add up, with the stages that checks share", async () => {
  const own = (title: string) => async (exchanges: SharedExchanges) => {
    await exchanges.runInNewSession({ title });
    return attempts("attack", "refused");
  };
  const task = taskOf({ id: "a", run: own("one") }, { id: "b", run: own("two") });
  const report = await grade(task, pairOf(sound));
  const { checks, shared = [], seconds, exchanges } = report;
  assert.equal(shared.map(({ title }) => title).toSorted(), ["the first exchange", "the grader itself"]);
  for (const part of [...checks, ...shared]) assert.ok(part.seconds > 0, JSON.stringify(part));
  const sum = [...checks, ...shared].reduce((total, part) => total + part.seconds, 0);
  assert.ok(Math.abs(sum - seconds) < 0.001, `${sum} ${seconds}`);
  assert.is(exchanges?.count, 3);
  assert.ok((exchanges?.seconds ?? 0) > 0);
});

test("gradeTask says which stages are worked on, and when a check was tried", async () => {
  let stages: () => readonly Stage[] = () => [];
  const tried: string[] = [];
  let seen: string[] = [];
  const task = taskOf({
    id: "one",
    run: async (exchanges) => {
      await exchanges.withSession({ title: "look" }, async () => {
        seen = stages().map(({ name }) => name);
      });
      return attempts("attack", "refused");
    },
  });
  await gradeTask(task, new FakeTask(pairOf(sound)), {
    repeat: String,
    began: (current) => {
      stages = current;
    },
    tried: (check) => tried.push(check),
  });
  assert.equal(seen, ["one"]);
  assert.equal(tried, ["one"]);
  assert.equal(stages(), []);
});

test("part2 finds nothing wrong with sound programs", async () => {
  const result = await verdicts(pairOf(sound));
  assert.equal(
    Object.entries(result).filter(([, verdict]) => verdict !== "pass"),
    [],
  );
});

test("part2 finds nothing wrong with sound programs that serve many", async () => {
  const result = await verdicts(pairOf(sound, { clients: 1000 }));
  assert.equal(
    Object.entries(result).filter(([, verdict]) => verdict !== "pass"),
    [],
  );
});

test("part2 takes only robust's points from a server that attacks leave waiting", async () => {
  const result = await verdicts(pairOf(sound, { clients: 1000, wedges: true }));
  assert.equal(
    Object.entries(result).filter(([, verdict]) => verdict !== "pass"),
    [["robust", "fail"]],
  );
});

for (const clients of [1, 1000]) {
  test(`part2 gives plaintext for ${clients} clients no points but for its texts`, async () => {
    const { points, checks } = await grade(part2, pairOf(clear, { clients }));
    assert.is(points, 28);
    const passed = checks.filter(({ verdict }) => verdict === "pass").map(({ id }) => id);
    assert.equal(passed, ["message", "reply", "unicode", "long", "pieces"]);
    const robust = checks.find(({ id }) => id === "robust");
    assert.match(robust?.reason ?? "", /anyone can read the texts \(plaintext\)/);
  });
}

test("a quick grading finds the same with the cheapest attacks, in fewer exchanges", async () => {
  const only = quickChecks(part2).filter((id) => id !== "robust");
  for (const program of [clear, malleable, sound]) {
    const grade = (quick: boolean) =>
      gradeTask(part2, new FakeTask(pairOf(program)), { quick, only: new Set(only), repeat: String });
    const [full, quick] = [await grade(false), await grade(true)];
    const verdictsOf = ({ checks }: TaskReport) => checks.map(({ id, verdict }) => [id, verdict]);
    assert.equal(verdictsOf(quick), verdictsOf(full));
    const [many = 0, few = 0] = [full, quick].map(({ exchanges }) => exchanges?.count);
    assert.ok(few < 20 && few < many, `${few} ${many}`);
  }
});

test("quickChecks names checks, among them those that show life and confidentiality, in each task", () => {
  for (const task of TASKS) {
    const ids = quickChecks(task);
    for (const id of ["message", "reply", "secret", "unaltered", "replay", "robust"])
      assert.ok(ids.includes(id), `${task.id} ${id}`);
    assert.ok(ids.length < task.checks.length, task.id);
  }
});

test("part2 finds that what accepts altered messages accepts them twice, too", async () => {
  const twice = pairOf(malleable, { twice: true });
  assert.equal(await verdicts(twice, ["unaltered", "replay"]), { unaltered: "fail", replay: "fail" });
});

test("part2 finds what programs without cryptography lack", async () => {
  const { message, reply, secret, unaltered, fresh, replay } = await verdicts(pairOf(clear));
  const found = { message, reply, secret, unaltered, fresh, replay };
  const expected = {
    message: "pass",
    reply: "pass",
    secret: "fail",
    unaltered: "fail",
    fresh: "fail",
    replay: "fail",
  };
  assert.equal(found, expected);
});

for (const clients of [1, 1000]) {
  test(`part2 finds that an altered message is accepted, of ${clients} clients`, async () => {
    const only = ["message", "secret", "unaltered"];
    const report = await grade(part2, pairOf(malleable, { clients }), only);
    const [message, secret, unaltered] = report.checks;
    assert.equal([message?.verdict, secret?.verdict, unaltered?.verdict], ["pass", "pass", "fail"]);
    assertConvincing(unaltered);
  });
}

test("part2 does not blame programs that show an error where the text would be", async () => {
  const wary: typeof sound = async (socket, side) => {
    const cipher = await sound(socket, side);
    return {
      seal: cipher.seal,
      open(line, label) {
        try {
          return cipher.open(line, label);
        } catch {
          return "(this message was altered)";
        }
      },
    };
  };
  const only = ["unaltered", "authentic", "before-printing", "replay"];
  assert.equal(
    Object.values(await verdicts(pairOf(wary), only)),
    only.map(() => "pass"),
  );
});

test("part2 does not blame programs for an unread goodbye after the message", async () => {
  const only = ["message", "reply", "unaltered", "authentic", "before-printing"];
  assert.equal(
    Object.values(await verdicts(pairOf(sound, { goodbye: true }), only)),
    only.map(() => "pass"),
  );
});

test("part2 judges programs without a reply by their messages", async () => {
  const result = await verdicts(pairOf(sound, { reply: false }), ["message", "reply", "unaltered", "replay"]);
  assert.equal(result, { message: "pass", reply: "fail", unaltered: "pass", replay: "pass" });
});

test("part2 calls authentic what only the holders of a key can say", async () => {
  const programs = pairOf(preShared, { reply: false });
  assert.equal(await verdicts(programs, ["unaltered", "authentic"]), {
    unaltered: "pass",
    authentic: "pass",
  });
});

test("part2 tells a signature that is not verified from a field that is not read", async () => {
  for (const verifies of [true, false]) {
    const programs = pairOf(signing({ verifies }));
    assert.equal(await verdicts(programs, ["authentic"]), { authentic: verifies ? "pass" : "fail" });
  }
});

test("part2 does not call authentic what an attacker can change at will", async () => {
  for (const agree of [malleable, clear])
    assert.equal(await verdicts(pairOf(agree), ["authentic"]), { authentic: "fail" });
});

test("part2 does not take its own words for a message", async () => {
  const { client, server } = pairOf(sound);
  const echo: Programs = {
    server,
    client: async (world) => client({ ...world, print: () => world.print(`Received: ${world.text}`) }),
  };
  assert.equal(await verdicts(echo, ["message", "reply"]), { message: "pass", reply: "fail" });
});

/** The evidence has the exchange, with what was attacked and what is wrong, and the bytes. */
function assertConvincing(check: CheckReport | undefined): void {
  const { evidence = [] } = check?.finding ?? {};
  const entries = evidence.flatMap(({ diagram }) => diagram?.entries ?? []);
  assert.ok(entries.some((entry) => entry.type === "frame" && entry.attack?.kind === "flip"));
  assert.ok(entries.some((entry) => entry.type === "printed" && entry.bad));
  assert.ok(evidence.some(({ dump }) => dump && dump.marked.length > 0));
}

test.run();
