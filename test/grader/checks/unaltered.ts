/** A message that was altered, cut or reordered on the wire is not accepted. */
import { printedOrStored, quote } from "../exchange/evidence.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { attemptsOf, evidenceOfTrial, isAltered, requireApplied, requireRefusal } from "./tampering/judge.ts";
import { tamperingOf } from "./tampering/run.ts";

export function unaltered(points: number): Check {
  return {
    id: "unaltered",
    title: "An altered message is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const trials = await tamperingOf(exchanges);
      requireApplied(trials);
      const found = trials.filter((trial) => isAltered(trial) && trial.noticed === undefined);
      const trial = found.find(({ observation }) => observation.kind === "altered") ?? found[0];
      if (!trial) return requireRefusal(attemptsOf(trials));
      const { receiver, applied, observation } = trial;
      const value = "value" in observation ? quote(observation.value) : "";
      throw new Found({
        expected: exchanges.transfersFiles
          ? `the ${receiver} keeps nothing that was not sent, or one of the programs reports that the file is incomplete`
          : `the ${receiver} prints nothing that was not sent, and reports that the message was refused`,
        happened: `${applied?.detail ?? trial.name}; the ${receiver} ${printedOrStored(exchanges)} ${value} (${observation.kind}) as if it had been sent`,
        why: "Anyone on the path can change what is sent, without knowing any key.",
        hint: "Encrypt with authentication (AES-GCM, Fernet), or verify the signature, before you use what was decrypted.",
        evidence: evidenceOfTrial(trial),
      });
    },
  };
}
