/** Runs the tampering of a task: plans it, and judges what came of each attack. */
import { ModifiedTurn } from "../../attacks/modify-turn.ts";
import type { Baseline } from "../../exchange/baseline.ts";
import { oncePerTask, type SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { noteProgress } from "../../exchange/stage.ts";
import type { Side } from "../../model/direction.ts";
import { isAltered, isUnchecked, judge, type Trial } from "./judge.ts";
import {
  isDuplicate,
  isQuick,
  planCutBefore,
  planOverwrites,
  planTampering,
  type Tampering,
} from "./plan.ts";
import { hitsSignature } from "./signature-size.ts";

/** Attacks at a time: the later ones depend on what the earlier ones proved. */
const AT_A_TIME = 4;
/** Times that an attack is tried if it strikes another turn than the one that was meant. */
const ATTEMPTS = 2;

/** Runs all tampering of a task. */
export const tamperingOf = oncePerTask("alterations", async (exchanges): Promise<Trial[]> => {
  const baseline = await exchanges.baseline();
  const hasLong = !exchanges.hasFixedTexts && !exchanges.isQuick;
  const all = planTampering(exchanges.prepared, baseline, hasLong ? await exchanges.longTexts() : undefined);
  const plans = exchanges.isQuick ? all.filter(isQuick) : all;
  const planned = plans.length;
  const trials: Trial[] = [];
  const attempt = async (tampering: Tampering): Promise<Trial> => {
    const trial = await tamper(exchanges, tampering);
    if (isUnchecked(trial)) trial.isBeside = !(await hitsMessage(exchanges, baseline, tampering, trial));
    trials.push(trial);
    return trial;
  };
  const isProved = (proves: (trial: Trial) => boolean, receiver: Side) =>
    trials.some((trial) => trial.receiver === receiver && proves(trial));
  const work = async () => {
    for (let next = plans.shift(); next; next = plans.shift()) {
      noteProgress(planned - plans.length, planned);
      const { receiver } = next;
      // that a message is accepted twice is a flaw of its own
      if (isProved(isAltered, receiver) && !isDuplicate(next)) continue;
      const { applied, onMessage, observation } = await attempt(next);
      if (!applied || !onMessage || observation.kind !== "unchanged") continue;
      if (isProved(isUnchecked, receiver)) continue;
      for (const overwrite of planOverwrites(next, applied)) await attempt(overwrite);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return trials;
});

/**
 * Runs one attack, and judges what came of it. On a busy machine the sender may pause in the middle
 * of a turn, which is then struck too early: the attack runs again.
 */
export async function tamper(exchanges: SharedExchanges, tampering: Tampering): Promise<Trial> {
  let trial = await tamperOnce(exchanges, tampering, 1);
  for (let attempt = 2; attempt <= ATTEMPTS && trial.outcome.applied && !trial.applied; attempt += 1)
    trial = await tamperOnce(exchanges, tampering, attempt);
  return trial;
}

async function tamperOnce(exchanges: SharedExchanges, tampering: Tampering, attempt: number): Promise<Trial> {
  const { name, receiver, target, alter, isLong } = tampering;
  const title = `${name}, to the ${receiver}${attempt === 1 ? "" : ", once more"}`;
  const plan = () => ({ title, attack: new ModifiedTurn(target, alter) });
  const outcome = isLong
    ? await exchanges.runInNewSession({
        ...plan(),
        message: exchanges.longText(`message, ${title}`),
        reply: exchanges.longText(`reply, ${title}`),
      })
    : await exchanges.run(plan);
  return judge(tampering, outcome, {
    baseline: await exchanges.baseline(),
    patterns: await exchanges.patterns(),
    again: exchanges.transfersFiles ? await exchanges.sameTexts() : undefined,
  });
}

/**
 * Says whether bytes that the receiver does not check belong to the message. They do if it is not
 * accepted without them, or if they may be a signature by a key of the sender's.
 */
async function hitsMessage(
  exchanges: SharedExchanges,
  baseline: Baseline,
  tampering: Tampering,
  trial: Trial,
): Promise<boolean> {
  const { applied } = trial;
  if (applied && applied.kind !== "cut") {
    const shorter = await tamper(exchanges, planCutBefore(tampering, applied));
    if (shorter.observation.kind !== "unchanged") return true;
  }
  return hitsSignature(trial, baseline);
}
