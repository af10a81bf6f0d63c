/** Checks that only those on the list are served. */
import { type Check, Found } from "../harness/check.ts";
import type { Outcome } from "../harness/exchange.ts";
import { count } from "../harness/printed.ts";
import { notShown, type Trials } from "../harness/trials.ts";
import { listedKey, pretend } from "./own-impostor.ts";
import { evidenceOf } from "./works.ts";

/** Another client on the list is served too. */
export function second(points: number): Check {
  return {
    id: "second",
    title: "Each client on the list is served",
    points,
    needs: ["message"],
    showsLife: true,
    async run(trials) {
      const outcome = await runAs(trials, "second");
      if (outcome.times.message > 0) return;
      throw new Found({
        expected: "a second client that is on the list is served like the first",
        happened: "its message was not printed",
        why: "A list of one is a password.",
        hint: "Compare the key that the client proved with each line of the list.",
        evidence: evidenceOf(outcome),
      });
    },
  };
}

/** A client that is not on the list is refused. */
export function stranger(points: number): Check {
  return refused({
    id: "stranger",
    title: "A client that is not on the list is refused",
    points,
    who: "a client whose key is not on the list",
    hint: "Look the key up when the client has proved it, before anything that it says is handled, and close.",
  });
}

/** A client that shows a listed key without its private half is refused. */
export function impostor(points: number): Check {
  return refused({
    id: "impostor",
    title: "A listed key without its private half is refused",
    points,
    who: "a client that shows the public key of one on the list, and does not have its private half",
    hint: "Let the client sign something fresh, and verify that with the listed key: a public key is public.",
  });
}

function refused({
  id,
  title,
  points,
  who,
  hint,
}: {
  id: string;
  title: string;
  points: number;
  who: string;
  hint: string;
}): Check {
  return {
    id,
    title,
    points,
    needs: ["message"],
    async run(trials) {
      if (id === "impostor" && trials.lab.manifest.programs[id] === undefined) return ownImpostor(trials);
      const outcome = await runAs(trials, id);
      if (count(outcome.printed.server, outcome.message) === 0 && outcome.times.reply === 0) return;
      throw new Found({
        expected: `${who} is refused`,
        happened: outcome.times.reply > 0 ? "it was answered" : "its message was printed",
        why: "Whoever is not known to be on the list is not on it.",
        hint,
        evidence: evidenceOf(outcome, [outcome.message, outcome.reply]),
      });
    },
  };
}

/** In our own layout the harness plays the impostor itself. */
async function ownImpostor(trials: Trials): Promise<void> {
  const { first, patience } = await trials.plain();
  const spki = listedKey(first.stage);
  if (!spki) notShown('the manifest has no program "impostor"');
  const text = trials.text("the impostor's message");
  await trials.withStage({ title: "an impostor" }, async (stage) => {
    await pretend(stage, spki, text);
    await new Promise((resolve) => setTimeout(resolve, patience / 2));
    const printed = stage.server.stdout + stage.server.stderr;
    if (count(printed, text) === 0) {
      const honest = await trials.runOn(stage, { title: "after the impostor", patient: true });
      if (honest.times.message > 0) return;
      notShown("after the impostor the server did not serve an honest client any more");
    }
    throw new Found({
      expected: "a client that shows a listed public key, and does not have its private half, is refused",
      happened: "its message was printed",
      why: "Whoever is not known to be on the list is not on it.",
      hint: "Verify the signature with the key that is shown, over this session, before you look it up.",
      evidence: [{ caption: "What the server printed", quote: printed.slice(-1500) }],
    });
  });
}

/** An exchange with another client of the manifest; the server is alive before and after. */
async function runAs(trials: Trials, client: string): Promise<Outcome> {
  if (trials.lab.manifest.programs[client] === undefined) notShown(`the manifest has no program "${client}"`);
  return trials.run({ title: `the program ${client}`, client, patient: true });
}
