import { test } from "uvu";
import * as assert from "uvu/assert";
import { Semaphore } from "../../../../lib/async/semaphore.ts";
import { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { pairOf, sound } from "../../fakes/fake-programs.ts";
import { FakeTask } from "../../fakes/fake-task.ts";
import type { Outcome } from "../../model/outcome.ts";
import { Found, NotShown } from "../../model/verdict-errors.ts";
import { isEscaped, requireBothArrive } from "./arrival.ts";

const REASONS = { why: "why", hint: "hint" };

/** Runs `requireBothArrive` with exchanges that work or not, in this order. */
async function arrives(...works: boolean[]): Promise<{ asked: string[]; thrown: unknown }> {
  const exchanges = new SharedExchanges(new FakeTask(pairOf(sound)), {
    semaphore: new Semaphore(1),
    timeout: 60,
    keepsFolders: false,
    longText: 500,
  });
  const { first } = await exchanges.baseline();
  const asked: string[] = [];
  const next = (what: string) => async (attempt: number) => {
    asked.push(`${what} ${attempt}`);
    return works.shift() ? first : lost(first);
  };
  const thrown: unknown = await requireBothArrive(exchanges, {
    run: next("run"),
    control: next("control"),
    reasons: REASONS,
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await exchanges.finish();
  return { asked, thrown };
}

function lost(outcome: Outcome): Outcome {
  return { ...outcome, times: { message: 0, reply: 0 } };
}

test("requireBothArrive needs no control for texts that arrive", async () => {
  assert.equal(await arrives(true), { asked: ["run 1"], thrown: undefined });
});

test("requireBothArrive finds a text that is lost twice between controls that work", async () => {
  const { asked, thrown } = await arrives(false, true, false, true);
  assert.equal(asked, ["run 1", "control 1", "run 2", "control 2"]);
  assert.instance(thrown, Found);
});

test("requireBothArrive finds nothing in a text that is lost once", async () => {
  assert.is((await arrives(false, true, true)).thrown, undefined);
});

test("requireBothArrive shows nothing if a control fails, before or after", async () => {
  assert.instance((await arrives(false, false)).thrown, NotShown);
  assert.instance((await arrives(false, true, false, false)).thrown, NotShown);
});

test("isEscaped finds a text that is printed with its bytes or code points escaped", () => {
  const text = "na\u00efve \u043f\u0440 \u{1f511}";
  assert.ok(isEscaped("got b'na\\xc3\\xafve \\xd0\\xbf\\xd1\\x80 \\xf0\\x9f\\x94\\x91'", text));
  assert.ok(isEscaped('{"text": "na\\u00EFve \\u043f\\u0440 \\ud83d\\udd11"}', text));
  assert.not.ok(isEscaped(`got ${text}`, text));
  assert.not.ok(isEscaped("got something else", text));
  assert.not.ok(isEscaped("plain", "plain"));
});

test.run();
