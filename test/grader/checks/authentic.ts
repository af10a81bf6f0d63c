/** A message that the peer did not make is refused. */
import { printedOrStored, quote } from "../exchange/evidence.ts";
import { ownKeysOf, publicKeysOf } from "../exchange/public-keys.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import { forgeMessage } from "./authentic/forged-message.ts";
import { forgeWithKey } from "./authentic/forged-with-key.ts";
import { replaceCurveSignatures } from "./authentic/replaced-curve-signature.ts";
import { replaceSignatures } from "./authentic/replaced-signature.ts";
import { intrudeAtSecondPort } from "./authentic/second-port.ts";
import { spliceMessage } from "./authentic/spliced-message.ts";
import type { Check } from "./check.ts";
import { eavesdrop } from "./shared/eavesdropping.ts";
import {
  attemptsOf,
  evidenceOfTrial,
  isAltered,
  requireApplied,
  requireRefusal,
  type Trial,
} from "./tampering/judge.ts";
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
      requireNoControl(exchanges, trials);
      const signatures = await Promise.all([
        replaceSignatures(exchanges, "server"),
        replaceSignatures(exchanges, "client"),
        replaceCurveSignatures(exchanges, "server"),
        replaceCurveSignatures(exchanges, "client"),
      ]);
      const forgeries = await Promise.all([
        spliceMessage(exchanges),
        // where texts are printed, the second port is a check of its own
        ...(exchanges.transfersFiles ? [intrudeAtSecondPort(exchanges)] : []),
        forgeMessage(exchanges, "server"),
        forgeMessage(exchanges, "client"),
      ]);
      const forged = await Promise.all([
        forgeWithKey(exchanges, "server"),
        forgeWithKey(exchanges, "client"),
      ]);
      const tried = [...signatures, ...forgeries, ...forged].flat();
      if ([...signatures, ...forged].flat().length === 0) await requireSecretKeys(exchanges);
      if (tried.length === 0) await requireKnownClient(exchanges);
      return requireRefusal([...tried, ...attemptsOf(trials).filter(({ became }) => became !== "unnoticed")]);
    },
  };
}

/** @throws Found when the attacker changed a text, and it was printed */
function requireNoControl(exchanges: SharedExchanges, trials: readonly Trial[]): void {
  const trial = trials.find(
    (candidate) => isAltered(candidate) && hasControl(candidate) && candidate.noticed === undefined,
  );
  if (!trial || !("value" in trial.observation)) return;
  const { receiver, applied, observation, name } = trial;
  throw new Found({
    expected: `the ${receiver} accepts only texts that its peer sent`,
    happened: `${applied?.detail ?? name}, and the ${receiver} ${printedOrStored(exchanges)} ${quote(observation.value)}, which its peer never sent`,
    why: "The attacker needs no key to change what is said, bit by bit.",
    hint: "Encrypt with authentication (AES-GCM, Fernet), or sign each message and verify it before you use it.",
    evidence: evidenceOfTrial(trial),
  });
}

/** The attacker does not choose garbled bytes; a beginning, or a text sent twice, is the peer's. */
function hasControl({ observation, applied }: Trial): boolean {
  return observation.kind === "altered" && applied?.kind !== "duplicate";
}

/**
 * @throws NotShown when an eavesdropper knows the key, with which a message could be made
 */
async function requireSecretKeys(exchanges: SharedExchanges): Promise<void> {
  const { proofs } = await eavesdrop(exchanges);
  const known = proofs.find(({ kind }) => KEY_IS_KNOWN.has(kind));
  if (known)
    throw new NotShown(
      `an eavesdropper has the key (${known.kind}, ${known.cipher}), but no message was forged with it`,
    );
}

const KEY_IS_KNOWN = new Set([
  "toy cipher",
  "weak key",
  "key on the wire",
  "key in the source",
  "keystream reused",
]);

/**
 * Who encrypts for the server's public key may be anyone.
 *
 * @throws NotShown when the client has no key of its own, and the server has a public one
 */
async function requireKnownClient(exchanges: SharedExchanges): Promise<void> {
  const { first } = await exchanges.baseline();
  const canEncrypt = publicKeysOf(first, "server").some(({ key }) => "modulus" in key);
  if (canEncrypt && ownKeysOf(first, "client").length === 0)
    throw new NotShown(
      "the client has no key of its own: the server's public key may be all that a message takes",
    );
}
