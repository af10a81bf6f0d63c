/** Checks that only those on the list are served. */

import { listedKey, pretend } from "../attacks/own-impersonator.ts";
import { count } from "../exchange/output-patterns.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { evidenceOf } from "./works.ts";

/** Another client on the list is served too. */
export function second(points: number): Check {
  return {
    id: "second",
    title: "Each client on the list is served",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const outcome = await runAs(exchanges, "second");
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
    async run(exchanges) {
      if (id === "impostor" && exchanges.prepared.manifest.programs[id] === undefined)
        return ownImpostor(exchanges);
      const outcome = await runAs(exchanges, id);
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
async function ownImpostor(exchanges: SharedExchanges): Promise<void> {
  const { first, patience } = await exchanges.baseline();
  const spki = listedKey(first.session);
  if (!spki) notShown('the manifest has no program "impostor"');
  const text = exchanges.text("the impostor's message");
  await exchanges.withSession({ title: "an impostor" }, async (session) => {
    await pretend(session, spki, text);
    await new Promise((resolve) => setTimeout(resolve, patience / 2));
    const printed = session.server.stdout + session.server.stderr;
    if (count(printed, text) === 0) {
      const honest = await exchanges.runOn(session, { title: "after the impostor", patient: true });
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
async function runAs(exchanges: SharedExchanges, client: string): Promise<Outcome> {
  if (exchanges.prepared.manifest.programs[client] === undefined)
    notShown(`the manifest has no program "${client}"`);
  return exchanges.run({ title: `the program ${client}`, client, patient: true });
}
