/** Another client on the allow list is served. */
import { evidenceOf } from "../exchange/evidence.ts";
import { attempts } from "../model/attempt.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { runProgram } from "./shared/other-client.ts";

export function second(points: number): Check {
  return {
    id: "second",
    title: "Each client on the list is served",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const outcome = await runProgram(exchanges, "second");
      if (outcome.times.message > 0) return attempts("other client", "served");
      throw new Found({
        expected: "a second client that is on the list is served like the first",
        happened: "the server did not print its message",
        why: "A list with one entry is a password.",
        hint: "Compare the key that the client has proved with each line of the list.",
        evidence: evidenceOf(outcome),
      });
    },
  };
}
