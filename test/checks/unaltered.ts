/** Checks of what an attacker on the wire changes: nothing that was altered may be taken for the message. */
import { type Check, Found } from "../harness/check.ts";
import type { Trials } from "../harness/trials.ts";
import { notShown } from "../harness/trials.ts";
import { isOfMessage } from "./of-message.ts";
import {
  evidenceOfTrial,
  planTampering,
  planUnchecked,
  type Tampering,
  type Trial,
  tamper,
} from "./tampering.ts";
import { quote, showed } from "./works.ts";

const HINT_MAC =
  "Encrypt with authentication (AES-GCM, Fernet), or verify the signature, before you use what was decrypted.";

/** Attacks at a time. */
const AT_A_TIME = 4;

/** All tampering of one task, run once for the checks that read it. */
const runs = new WeakMap<Trials, Promise<Trial[]>>();

export function tamperingOf(trials: Trials, long: number): Promise<Trial[]> {
  const known = runs.get(trials) ?? runTampering(trials, long);
  runs.set(trials, known);
  return known;
}

async function runTampering(trials: Trials, long: number): Promise<Trial[]> {
  const plain = await trials.plain();
  const results: Trial[] = [];
  const run = async (attack: Tampering): Promise<void> => {
    // what is proved need not be proved again
    if (results.some((trial) => isAltered(trial) && trial.receiver === attack.receiver)) return;
    const trial = await attempt(attack);
    if (results.some((other) => isUnchecked(other) && other.receiver === attack.receiver)) return;
    for (const plan of planUnchecked(trial).slice(0, 3)) await attempt(plan);
  };
  const attempt = async (attack: Tampering): Promise<Trial> => {
    const trial = await tamper(trials, plain, attack);
    if (isUnchecked(trial)) trial.isBeside = !(await isOfMessage(trials, plain, trial));
    results.push(trial);
    return trial;
  };
  const plans = await planTampering(trials, long);
  // some at a time, so that those that are left know what was proved before
  const work = async () => {
    for (let next = plans.shift(); next; next = plans.shift()) await run(next);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
}

export function isAltered({ strike, shown }: Trial): boolean {
  return strike !== undefined && "value" in shown;
}

/** The genuine text was taken, though a long run of bytes of the message was another, or missing. */
export function isUnchecked({ name, strike, shown, extra, isBeside, isRepeated }: Trial): boolean {
  if (!strike || shown.kind !== "unchanged" || extra > 0 || isBeside || isRepeated) return false;
  return / bytes from /.test(name) || name === "cut at the end";
}

/** Nothing that was altered, cut, or put in another order is taken for the message. */
export function unaltered(points: number, long: number): Check {
  return {
    id: "unaltered",
    title: "An altered message is refused",
    points,
    needs: ["message"],
    async run(trials) {
      const all = await tamperingOf(trials, long);
      requireStruck(all);
      const found = all.filter(isAltered).filter(({ noticed }) => noticed === undefined);
      const trial = found.find(({ shown }) => shown.kind === "altered") ?? found[0];
      if (!trial) return;
      const { receiver, strike, shown } = trial;
      throw new Found({
        expected: trials.lab.manifest.files
          ? `the ${receiver} keeps nothing that was not sent, or somebody is told that the file is not whole`
          : `the ${receiver} prints nothing that was not sent, and says that the message was refused`,
        happened: `${strike?.detail ?? trial.name}; the ${receiver} ${showed(trials)} ${"value" in shown ? quote(shown.value) : ""} (${shown.kind}) as if it had been sent`,
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
    async run(trials) {
      const all = await tamperingOf(trials, long);
      requireStruck(all);
      const trial = all.find(
        (candidate) =>
          candidate.noticed !== undefined &&
          (isAltered(candidate) || isUnchecked(candidate)) &&
          !isBegun(trials, candidate),
      );
      if (!trial) return;
      const { receiver, strike, noticed } = trial;
      throw new Found({
        expected: `the ${receiver} verifies the message first, and only then is it ${showed(trials)}`,
        happened: `${strike?.detail ?? trial.name}; the ${receiver} ${showed(trials)} the text all the same, though: ${noticed?.trim()}`,
        why: "What is shown has been believed: people and programs act on it before the warning comes.",
        hint: "Verify the signature before you print, store or answer anything.",
        evidence: evidenceOfTrial(trial),
      });
    },
  };
}

/** The genuine beginning of a file may stay where it is, so that it can be resumed, if only somebody is told. */
function isBegun({ lab }: Trials, { shown }: Trial): boolean {
  return lab.manifest.files !== undefined && shown.kind !== "altered" && shown.kind !== "garbled";
}

export function requireStruck(all: readonly Trial[]): void {
  const onMessage = all.filter((trial) => trial.onMessage);
  const struck = onMessage.filter(({ strike }) => strike !== undefined);
  if (struck.length === 0) notShown("no attack reached the message: its turn did not come again");
}
