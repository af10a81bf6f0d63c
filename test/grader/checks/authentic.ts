/** A message that the peer did not make is refused. */
import { publicKeysOf } from "../exchange/public-keys.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import { forgeMessage } from "./authentic/forged-message.ts";
import { intrudeAtSecondPort } from "./authentic/second-port.ts";
import { spliceMessage } from "./authentic/spliced-message.ts";
import type { Check } from "./check.ts";
import { attemptsOf, evidenceOfTrial, isUnchecked, requireApplied } from "./tampering/judge.ts";
import { tamperingOf } from "./tampering/run.ts";

export function authentic(points: number): Check {
  return {
    id: "authentic",
    title: "A message that is not the peer's is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const trials = await tamperingOf(exchanges);
      requireApplied(trials);
      const unchecked = trials.find((trial) => isUnchecked(trial) && trial.noticed === undefined);
      if (unchecked) {
        const { receiver, applied, name } = unchecked;
        throw new Found({
          expected: `the ${receiver} refuses a message with a wrong signature`,
          happened: `${applied?.detail ?? name}, and the ${receiver} printed the message nevertheless: it does not check those bytes`,
          why: "A signature that the receiver does not verify proves nothing: anyone can send messages in the peer's name.",
          hint: "Call verify with the sender's public key, and refuse the message if it fails.",
          evidence: evidenceOfTrial(unchecked),
        });
      }
      const forgeries = await Promise.all([
        spliceMessage(exchanges),
        // where texts are printed, the second port is a check of its own
        ...(exchanges.transfersFiles ? [intrudeAtSecondPort(exchanges)] : []),
        forgeMessage(exchanges, "server"),
        forgeMessage(exchanges, "client"),
      ]);
      const tried = forgeries.flat();
      const { first } = await exchanges.baseline();
      if (tried.length === 0 && publicKeysOf(first, "client").length === 0)
        throw new NotShown(
          "the client sends nothing by which its message could be recognised: no public key, and nothing before the message",
        );
      return [...tried, ...attemptsOf(trials).filter(({ became }) => became !== "unnoticed")];
    },
  };
}
