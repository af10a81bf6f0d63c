/** Checks of what an attacker on the wire changes: nothing that was altered may be taken for the message. */

import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { notShown } from "../exchange/shared-exchanges.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { isOfMessage } from "./tampering/of-message.ts";
import {
  evidenceOfTrial,
  planTampering,
  planUnchecked,
  type Tampering,
  type Trial,
  tamper,
} from "./tampering/tampering.ts";
import { quote, showed } from "./works.ts";

const HINT_MAC =
  "Encrypt with authentication (AES-GCM, Fernet), or verify the signature, before you use what was decrypted.";

/** Attacks at a time. */
const AT_A_TIME = 4;

/** All tampering of one task, run once for the checks that read it. */
const runs = new WeakMap<SharedExchanges, Promise<Trial[]>>();

export function tamperingOf(exchanges: SharedExchanges, long: number): Promise<Trial[]> {
  const known = runs.get(exchanges) ?? runTampering(exchanges, long);
  runs.set(exchanges, known);
  return known;
}

async function runTampering(exchanges: SharedExchanges, long: number): Promise<Trial[]> {
  const baseline = await exchanges.baseline();
  const results: Trial[] = [];
  const run = async (attack: Tampering): Promise<void> => {
    // what is proved need not be proved again
    if (results.some((trial) => isAltered(trial) && trial.receiver === attack.receiver)) return;
    const trial = await attempt(attack);
    if (results.some((other) => isUnchecked(other) && other.receiver === attack.receiver)) return;
    for (const plan of planUnchecked(trial).slice(0, 3)) await attempt(plan);
  };
  const attempt = async (attack: Tampering): Promise<Trial> => {
    const trial = await tamper(exchanges, baseline, attack);
    if (isUnchecked(trial)) trial.isBeside = !(await isOfMessage(exchanges, baseline, trial));
    results.push(trial);
    return trial;
  };
  const plans = await planTampering(exchanges, long);
  // some at a time, so that those that are left know what was proved before
  const work = async () => {
    for (let next = plans.shift(); next; next = plans.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
}

export function isAltered({ applied, observation }: Trial): boolean {
  return applied !== undefined && "value" in observation;
}

/** The genuine text was taken, though a long run of bytes of the message was another, or missing. */
export function isUnchecked({ name, applied, observation, extra, isBeside, isRepeated }: Trial): boolean {
  if (!applied || observation.kind !== "unchanged" || extra > 0 || isBeside || isRepeated) return false;
  return / bytes from /.test(name) || name === "cut at the end";
}

/** Nothing that was altered, cut, or put in another order is taken for the message. */
export function unaltered(points: number, long: number): Check {
  return {
    id: "unaltered",
    title: "An altered message is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      const all = await tamperingOf(exchanges, long);
      requireStruck(all);
      const found = all.filter(isAltered).filter(({ noticed }) => noticed === undefined);
      const trial = found.find(({ observation }) => observation.kind === "altered") ?? found[0];
      if (!trial) return;
      const { receiver, applied, observation } = trial;
      throw new Found({
        expected: exchanges.prepared.manifest.files
          ? `the ${receiver} keeps nothing that was not sent, or somebody is told that the file is not whole`
          : `the ${receiver} prints nothing that was not sent, and says that the message was refused`,
        happened: `${applied?.detail ?? trial.name}; the ${receiver} ${showed(exchanges)} ${"value" in observation ? quote(observation.value) : ""} (${observation.kind}) as if it had been sent`,
        why: "Whoever sits on the wire can change what is said, without knowing any key.",
        hint: HINT_MAC,
        evidence: evidenceOfTrial(trial),
      });
    },
  };
}

/** What is checked too late has been seen already. */
export function beforePrinting(points: number, long: number): Check {
  return {
    id: "before-printing",
    title: "Nothing is printed before it is verified",
    points,
    needs: ["message"],
    async run(exchanges) {
      const all = await tamperingOf(exchanges, long);
      requireStruck(all);
      const trial = all.find(
        (candidate) =>
          candidate.noticed !== undefined &&
          (isAltered(candidate) || isUnchecked(candidate)) &&
          !isBegun(exchanges, candidate),
      );
      if (!trial) return;
      const { receiver, applied, noticed } = trial;
      throw new Found({
        expected: `the ${receiver} verifies the message first, and only then is it ${showed(exchanges)}`,
        happened: `${applied?.detail ?? trial.name}; the ${receiver} ${showed(exchanges)} the text all the same, though: ${noticed?.trim()}`,
        why: "What is shown has been believed: people and programs act on it before the warning comes.",
        hint: "Verify the signature before you print, store or answer anything.",
        evidence: evidenceOfTrial(trial),
      });
    },
  };
}

/** The genuine beginning of a file may stay where it is, so that it can be resumed, if only somebody is told. */
function isBegun({ prepared }: SharedExchanges, { observation }: Trial): boolean {
  return (
    prepared.manifest.files !== undefined && observation.kind !== "altered" && observation.kind !== "garbled"
  );
}

export function requireStruck(all: readonly Trial[]): void {
  const onMessage = all.filter((trial) => trial.onMessage);
  const struck = onMessage.filter(({ applied }) => applied !== undefined);
  if (struck.length === 0) notShown("no attack reached the message: its turn did not come again");
}
