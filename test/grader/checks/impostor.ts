/** A client that shows a listed public key without the private half is refused. */
import { setTimeout as sleep } from "node:timers/promises";
import { impersonate, listedKey } from "../attacks/impostor.ts";
import { count } from "../exchange/output-patterns.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../model/attempt.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { NOT_LISTED, requireRefused, runProgram } from "./shared/other-client.ts";

const PROGRAM = "impostor";
const EXPECTED = "a client that shows a listed public key, and does not have its private half, is refused";
const MAX_OUTPUT = 1500;

export function impostor(points: number): Check {
  return {
    id: "impostor",
    title: "A listed key without its private half is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      if (exchanges.prepared.manifest.programs[PROGRAM] === undefined) return playImpostor(exchanges);
      requireRefused(await runProgram(exchanges, PROGRAM), {
        expected: EXPECTED,
        hint: "Let the client sign something fresh, and verify that with the listed key: a public key is public.",
      });
      return attempts("impostor", "refused");
    },
  };
}

/** In this repository's layout, the grader plays the impostor itself. */
async function playImpostor(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first, patience } = await exchanges.baseline();
  const spki = listedKey(first.session);
  if (!spki) throw new NotShown(`the manifest has no program "${PROGRAM}"`);
  const text = exchanges.text("the impostor's message");
  return exchanges.withSession({ title: "an impostor" }, async (session) => {
    await impersonate(session, spki, text);
    await sleep(patience / 2);
    const printed = session.server.stdout + session.server.stderr;
    if (count(printed, text) === 0) {
      const honest = await exchanges.runIn(session, { title: "after the impostor", patient: true });
      if (honest.times.message > 0) return attempts("impostor", "refused");
      throw new NotShown("the server did not serve an honest client after the impostor");
    }
    throw new Found({
      expected: EXPECTED,
      happened: "the server printed its message",
      why: NOT_LISTED,
      hint: "Verify the signature over this session with the key that the client shows, before you look the key up.",
      evidence: [{ caption: "What the server printed", quote: printed.slice(-MAX_OUTPUT) }],
    });
  });
}
