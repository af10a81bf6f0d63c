/**
 * Judges an exchange in which a turn was altered: what the receiver showed, and whether it noticed.
 */
import { Buffer } from "node:buffer";
import { equal } from "../../../../lib/bytes/bytes.ts";
import type { Baseline, Patterns } from "../../exchange/baseline.ts";
import { outputOf } from "../../exchange/evidence.ts";
import { count, type Observation } from "../../exchange/output-patterns.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { AppliedAttack, AttackKind } from "../../model/attack.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Side } from "../../model/direction.ts";
import { describeEnding } from "../../model/ending.ts";
import type { SessionEvent } from "../../model/events.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Evidence } from "../../model/report.ts";
import { NotShown } from "../../model/verdict-errors.ts";
import { fileNameFor } from "../../run/stored-file-names.ts";
import { bytesSent } from "../../wire/turns.ts";
import { hitsUnchecked, type Tampering } from "./plan.ts";

/** One attack on a turn, and what came of it. */
export interface Trial extends Pick<Tampering, "name" | "receiver" | "onMessage"> {
  /** The genuine text. */
  text: string;
  outcome: Outcome;
  /** Undefined if nothing was changed, or another turn than the one that was meant. */
  applied: AppliedAttack | undefined;
  /** What the receiver showed where the text usually is. */
  observation: Observation;
  /** How often the receiver printed the genuine text, beyond what is usual. */
  extra: number;
  /** The line in which a program said that something was wrong, if one did. */
  noticed: string | undefined;
  /** The sender sent the turn again, so that the genuine message may have arrived after all. */
  isRepeated: boolean;
  /** The altered bytes are part of the turn, but not of the message. */
  isBeside?: boolean;
}

interface Context {
  baseline: Baseline;
  patterns: Patterns;
  /** In a task whose programs transfer files: another plain exchange. */
  again: Outcome | undefined;
}

/** The share of the usual length that a turn of the same shape has at least. */
const MIN_SHARE = 0.75;
/** Words that a program uses when it has noticed. */
const COMPLAINT =
  /error|exception|abort|denied|cannot|could not|unable|invalid|not valid|fail|tamper|refus|reject|mismatch|not (?:verif|authentic|match)|bad (?:signature|mac|tag)|signature|alter|corrupt|wrong|forge|untrusted|not trusted|warning|inv[aá]lid|ung[uü]ltig|falsch|incorrect|невер|недейств|无效|失败|错误|не совпад/i;

export function judge(
  { name, receiver, onMessage, target }: Tampering,
  outcome: Outcome,
  { baseline, patterns, again }: Context,
): Trial {
  const { first } = baseline;
  const [text, times] =
    receiver === "server" ? [outcome.message, outcome.times.message] : [outcome.reply, outcome.times.reply];
  const output = outcome.printed[receiver];
  const { applied } = outcome;
  const strike = strikeOf(outcome);
  // what the receiver had shown by then could not be altered
  const isTooLate = count(printedIn(outcome.events.slice(0, strike), receiver), text) > 0;
  return {
    name,
    receiver,
    onMessage,
    text,
    outcome,
    applied: applied && isHit(applied, target.bytes.length) && !isTooLate ? applied : undefined,
    observation: patterns[receiver].observe(output, text, wireText(outcome)),
    extra: times - baseline.patterns[receiver].times,
    // an incomplete file may stay if either program says so
    noticed: again
      ? refusal([first, again], outcome)
      : complaint(printedIn(outcome.events.slice(strike), receiver), first.printed[receiver]),
    isRepeated:
      bytesSent(outcome.turns, target.direction).length >=
      bytesSent(first.turns, target.direction).length + target.bytes.length / 2,
  };
}

/** The receiver accepted another text than the genuine one. */
export function isAltered({ applied, observation }: Trial): boolean {
  return applied !== undefined && "value" in observation;
}

/**
 * The receiver accepted the genuine text, although many bytes of the message were altered or
 * missing.
 */
export function isUnchecked(trial: Trial): boolean {
  const { applied, observation, extra, isBeside, isRepeated } = trial;
  if (!applied || observation.kind !== "unchanged" || extra > 0 || isBeside || isRepeated) return false;
  return hitsUnchecked(trial);
}

/** @throws NotShown when no attack reached a message */
export function requireApplied(trials: readonly Trial[]): void {
  if (trials.some(({ onMessage, applied }) => onMessage && applied)) return;
  throw new NotShown("no attack reached the message: its turn did not come again");
}

const NOUNS: Partial<Record<AttackKind, string>> = {
  cut: "cut",
  drop: "omission",
  duplicate: "duplicate",
  reorder: "swap",
};

/** What became of the attacks that were applied, except those that proved something. */
export function attemptsOf(trials: readonly Trial[]): Attempt[] {
  return trials.flatMap(({ applied, observation, receiver, outcome }) => {
    if (!applied || "value" in observation) return [];
    const ending = outcome.endings[receiver];
    const isKilled = ending !== undefined && ending.status === undefined && ending.stopReason === undefined;
    // a second copy that is not printed has been refused
    const isUnnoticed = observation.kind === "unchanged" && applied.kind !== "duplicate";
    const became = isUnnoticed ? "unnoticed" : isKilled ? "crashed" : "refused";
    return attempts(NOUNS[applied.kind] ?? "alteration", became);
  });
}

/**
 * Returns `tried`, if something in it did not go unnoticed.
 *
 * @throws NotShown when nothing that was tried had to be refused
 */
export function requireRefusal(tried: Attempt[]): Attempt[] {
  if (tried.some(({ became }) => became !== "unnoticed")) return tried;
  throw new NotShown("no attack was refused, so nothing was withstood");
}

/** The exchange, the altered bytes, and the output of the receiver. */
export function evidenceOfTrial(trial: Trial): Evidence[] {
  const { outcome, applied, receiver, observation, text } = trial;
  const bad = "value" in observation ? [observation.value] : [text];
  return [
    { caption: "The exchange, with the attack", diagram: diagramOf(outcome, trial.name, { bad }) },
    ...(applied ? [dumpOf(applied)] : []),
    { caption: `The text that was meant for the ${receiver}`, quote: text },
    outputOf(outcome, receiver),
  ];
}

/**
 * Returns the index of the first event that the attack made; 0 if none is known, as for an end of
 * the stream alone.
 */
export function strikeOf({ events, applied }: Pick<Outcome, "events" | "applied">): number {
  const index = events.findIndex(
    (event) =>
      event.type === "data" &&
      event.bytes.length === 0 &&
      event.connection === applied?.connection &&
      event.direction === applied.direction,
  );
  return Math.max(0, index);
}

/** Everything that the programs of one side printed or stored in these events. */
function printedIn(events: readonly SessionEvent[], side: Side): string {
  return events.map((event) => (event.type === "printed" && event.side === side ? event.text : "")).join("");
}

/**
 * Says whether an attack changed something, in a turn like the one that was meant: where both sides
 * speak at once, turns may come in another order.
 */
export function isHit({ kind, before, after }: AppliedAttack, length: number): boolean {
  const isSimilar = before.length >= MIN_SHARE * length && before.length <= 2 * length;
  return isSimilar && (kind === "cut" || !equal(before, after));
}

/** All bytes that passed, before and after the attack, as text. */
function wireText({ turns, applied }: Outcome): string {
  const passed = [...turns.map(({ bytes }) => bytes), ...(applied ? [applied.after] : [])];
  return passed.map((bytes) => Buffer.from(bytes).toString("latin1")).join("\n");
}

/** Returns the first line in which a program complains, unless it does so in the plain exchange. */
function complaint(output: string, plainOutput: string): string | undefined {
  const shape = (line: string) => line.replaceAll(/[0-9a-f]{8,}|\d+/gi, "#").trim();
  const usual = new Set(plainOutput.split("\n").map(shape));
  return output.split("\n").find((line) => COMPLAINT.test(line) && !usual.has(shape(line)));
}

/**
 * Says how a user of either program can see that a transfer failed: by a complaint, by the exit
 * status of the client, or by a line that the client usually prints.
 *
 * @param usual plain exchanges; a line that is missing in one of them proves nothing
 */
function refusal(usual: readonly Outcome[], outcome: Outcome): string | undefined {
  for (const side of ["client", "server"] as const) {
    const now = printedIn(outcome.events.slice(strikeOf(outcome)), side);
    const line = complaint(now, usual.map(({ printed }) => printed[side]).join("\n"));
    if (line !== undefined) return line;
  }
  const [now, ...endings] = [outcome, ...usual].map(
    ({ endings }) => endings.client && describeEnding(endings.client),
  );
  if (!endings.includes(now)) return `the client ${now ?? "did not end"}, unlike in a plain exchange`;
  const printed = lineShapes(outcome);
  const [first, ...others] = usual.map(lineShapes);
  const missing = [...(first ?? [])].find(
    (shape) => !printed.has(shape) && others.every((shapes) => shapes.has(shape)),
  );
  return missing === undefined ? undefined : `the client did not print: ${missing}`;
}

/** The lines that the client printed, without names, numbers and contents. */
function lineShapes({ client, message, reply }: Outcome): Set<string> {
  const words = [message, reply, fileNameFor(message), fileNameFor(reply)];
  const lines = `${client.stdout}\n${client.stderr}`.split("\n");
  return new Set(
    lines.map((line) =>
      words
        .reduce((rest, word) => rest.replaceAll(word, "§"), line)
        .replaceAll(/[0-9a-f]{8,}|[\d.,:]+/gi, "#")
        .trim(),
    ),
  );
}
