/** A message is verified before it is shown. */
import { printedOrStored } from "../exchange/evidence.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import {
  attemptsOf,
  evidenceOfTrial,
  isAltered,
  isUnchecked,
  requireApplied,
  requireRefusal,
  type Trial,
} from "./tampering/judge.ts";
import { tamperingOf } from "./tampering/run.ts";

export function beforePrinting(points: number): Check {
  return {
    id: "before-printing",
    title: "Nothing is printed before it is verified",
    points,
    needs: ["message"],
    async run(exchanges) {
      const trials = await tamperingOf(exchanges);
      requireApplied(trials);
      const trial = trials.find(
        (candidate) =>
          candidate.noticed !== undefined &&
          (isAltered(candidate) || isUnchecked(candidate)) &&
          !(exchanges.transfersFiles && isBeginning(candidate)),
      );
      if (!trial) return requireRefusal(attemptsOf(trials)).filter(({ became }) => became !== "unnoticed");
      const { receiver, applied, noticed } = trial;
      const printed = printedOrStored(exchanges);
      throw new Found({
        expected: `the ${receiver} verifies the message first; only then is it ${printed}`,
        happened: `${applied?.detail ?? trial.name}; the ${receiver} ${printed} the text nevertheless, and noticed too late: ${noticed?.trim()}`,
        why: "People and programs act on what they see before the warning arrives.",
        hint: `Verify the signature before you print, store or answer anything.`,
        evidence: evidenceOfTrial(trial),
      });
    },
  };
}

/** The genuine beginning of a file may stay, so that the transfer can be resumed. */
function isBeginning({ observation }: Trial): boolean {
  return observation.kind !== "altered" && observation.kind !== "garbled";
}
