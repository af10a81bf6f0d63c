/** Exchanges in which a turn is altered on its way, and what the receiver then showed; the checks read them. */
import { Buffer } from "node:buffer";
import { type Bytes, equal } from "../../../../lib/bytes/bytes.ts";
import { lastMessages, messagesIn } from "../../attacks/messages.ts";
import { ModifiedTurn, type Mutation } from "../../attacks/modify-turn.ts";
import { cut, drop, duplicate, flip, overwrite, swap } from "../../attacks/mutations.ts";
import type { Observation } from "../../exchange/output-patterns.ts";
import { describeEnding, diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { Baseline, SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { AppliedAttack } from "../../model/attack.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Evidence } from "../../model/report.ts";
import type { Turn } from "../../model/turn.ts";
import { fileNameFor } from "../../run/stored-file-names.ts";
import { bytesSent, isSamePlace } from "../../wire/turns.ts";
import { longRun } from "../works.ts";

/** Bytes in a row that no honest design leaves unchecked in a message. */
export const UNCHECKED = 32;
const MIN_SIGNED = 96;
const FLIPS = 5;
const FIELD_FLIPS = 3;
const HELLO_FLIPS = 1;
/** The share of a long turn that goes on, where it is cut. */
const LONG_CUT = 0.6;
/** Where a bit is flipped in a long turn, as a share of it: behind what a short one has. */
const LONG_FLIPS = [0.45, 0.9];
const BLOCKS = [16, 64, 128, 172, 256, 344, 384, 512];

/** Characters of a token before its IV (version and time, https://github.com/fernet/spec), and those within. */
const IV_IN_FERNET = 13;
const IV_CHARACTERS = 18;

/** One attack on a turn, and what came of it. */
export interface Trial {
  name: string;
  /** Who should have noticed. */
  receiver: "server" | "client";
  text: string;
  outcome: Outcome;
  applied: AppliedAttack | undefined;
  observation: Observation;
  /** How often the receiver printed the genuine text, more than in a plain run. */
  extra: number;
  /** The receiver said, after all, that something was wrong. */
  noticed: string | undefined;
  /** It hit the turn that carries the text. */
  onMessage: boolean;
  /** Its sender said it again: the genuine message may have come after all. */
  isRepeated: boolean;
  /** The bytes that it hit stand in that turn, but are not of the message. */
  isBeside?: boolean;
}

export interface Tampering {
  name: string;
  receiver: "server" | "client";
  target: Turn;
  onMessage: boolean;
  change: (turn: Bytes) => Mutation;
  /** Long texts, where the turn is one of a long exchange. */
  length?: number;
}

/** What a program says that has noticed. */
const COMPLAINT =
  /invalid|not valid|fail|tamper|refus|reject|mismatch|not (?:verif|authentic|match)|bad (?:signature|mac|tag)|signature|alter|corrupt|wrong|forge|untrusted|not trusted|warning|inv[aá]lid|ung[uü]ltig|falsch|incorrect|невер|недейств|无效|失败|错误|не совпад/i;

/** Runs one attack. */
export async function tamper(
  exchanges: SharedExchanges,
  baseline: Baseline,
  attack: Tampering,
): Promise<Trial> {
  const held = new ModifiedTurn(attack.target, attack.change);
  const title = `${attack.name}, to the ${attack.receiver}`;
  const { length } = attack;
  const texts =
    length === undefined
      ? {}
      : {
          message: exchanges.text(`message, ${title}`, length),
          reply: exchanges.text(`reply, ${title}`, length),
        };
  const outcome = await exchanges.run({ title, ...texts, attack: held });
  // a file that is not whole may stay if anybody is told
  const usual = exchanges.prepared.manifest.files && [baseline.first, await exchanges.again()];
  return read(baseline, attack, { outcome, usual, patterns: await exchanges.patterns() });
}

function read(
  baseline: Baseline,
  { name, receiver, onMessage, target }: Tampering,
  {
    outcome,
    usual,
    patterns,
  }: { outcome: Outcome; usual: Outcome[] | undefined; patterns: Baseline["patterns"] },
): Trial {
  const text = receiver === "server" ? outcome.message : outcome.reply;
  const output = outcome.printed[receiver];
  const passed = [
    ...outcome.turns.map(({ bytes }) => bytes),
    ...(outcome.applied ? [outcome.applied.after] : []),
  ];
  const wire = passed.map((bytes) => Buffer.from(bytes).toString("latin1")).join("\n");
  const times = receiver === "server" ? outcome.times.message : outcome.times.reply;
  return {
    name,
    receiver,
    text,
    outcome,
    applied: outcome.applied && isHit(outcome.applied, target.bytes.length) ? outcome.applied : undefined,
    observation: patterns[receiver].observe(output, text, wire),
    extra: times - baseline.patterns[receiver].times,
    noticed: usual ? refusal(usual, outcome) : complaint(output, baseline.first.printed[receiver]),
    onMessage,
    isRepeated:
      bytesSent(outcome.turns, target.direction).length >=
      bytesSent(baseline.first.turns, target.direction).length + target.bytes.length / 2,
  };
}

/**
 * Says whether a strike changed something, in a turn like the one that was meant: where both sides speak at once, turns may come in
 * another order.
 */
export function isHit({ kind, before, after }: AppliedAttack, length: number): boolean {
  const isAlike = 2 * before.length >= length && before.length <= 2 * length;
  return isAlike && (kind === "cut" || !equal(before, after));
}

/**
 * How anyone can see that a transfer was not what it was to be, at whichever side, and be it by what the client did not say.
 *
 * @param usual plain exchanges: what is not in each of them, as a first contact, tells nothing
 */
function refusal(usual: readonly Outcome[], outcome: Outcome): string | undefined {
  for (const side of ["client", "server"] as const) {
    const line = complaint(outcome.printed[side], usual.map(({ printed }) => printed[side]).join("\n"));
    if (line !== undefined) return line;
  }
  const endings = usual.map(({ endings }) => endings.client && describeEnding(endings.client));
  const now = outcome.endings.client && describeEnding(outcome.endings.client);
  if (!endings.includes(now)) return `the client ended otherwise: ${now ?? "not at all"}`;
  const said = shapesOf(outcome);
  const [first, ...others] = usual.map(shapesOf);
  const missing = [...(first ?? [])].find(
    (shape) => !said.has(shape) && others.every((shapes) => shapes.has(shape)),
  );
  return missing === undefined ? undefined : `the client did not say: ${missing}`;
}

/** What the client says of a transfer, but for names, numbers and contents. */
function shapesOf({ client, message, reply }: Outcome): Set<string> {
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

/** The line in which a program complains, that is not in the plain run's output. */
export function complaint(output: string, plainOutput: string): string | undefined {
  const shape = (line: string) => line.replaceAll(/[0-9a-f]{8,}|\d+/gi, "#").trim();
  const usual = new Set(plainOutput.split("\n").map(shape));
  return output.split("\n").find((line) => COMPLAINT.test(line) && !usual.has(shape(line)));
}

/** The attacks on the turns that carry the texts, and on those before them. */
export async function planTampering(exchanges: SharedExchanges, long: number): Promise<Tampering[]> {
  const baseline = await exchanges.baseline();
  const plans: Tampering[] = [];
  for (const receiver of ["server", "client"] as const) {
    const target = receiver === "server" ? baseline.turns.message : baseline.turns.reply;
    if (!target) continue;
    const add = (name: string, turn: Turn, change: Tampering["change"], onMessage = turn === target) =>
      plans.push({ name, receiver, target: turn, onMessage, change });
    const random = exchanges.prepared.random(`where to strike, ${receiver}`, 64);
    const length = target.bytes.length;

    for (let index = 0; index < FLIPS; index += 1) {
      const offset = Math.floor(((index + (random[index] ?? 0) / 256) * length) / FLIPS);
      add(`flip ${index + 1}`, target, (turn) => flip(turn, offset, (random[index + 10] ?? 0) % 3));
    }
    for (const [index, offset] of fieldStarts(target).slice(0, FIELD_FLIPS).entries())
      add(`flip in field ${index + 1}`, target, (turn) =>
        flip(turn, offset + 1 + ((random[index + 20] ?? 0) % 7)),
      );
    for (const earlier of baseline.first.turns)
      if (earlier.direction === target.direction && earlier.ordinal < target.ordinal && earlier.ordinal <= 3)
        for (let index = 0; index < HELLO_FLIPS; index += 1) {
          const share = (index + (random[30 + earlier.ordinal * 4 + index] ?? 0) / 256) / HELLO_FLIPS;
          add(`flip ${index + 1} in turn ${earlier.ordinal}`, earlier, (turn) =>
            flip(turn, Math.floor(share * turn.length)),
          );
        }
    add("cut", target, (turn) => cut(turn, Math.floor(turn.length * (0.4 + (random[50] ?? 0) / 600))));
    if (length >= 2 * UNCHECKED) add("cut at the end", target, (turn) => cut(turn, turn.length - UNCHECKED));
    add("drop", target, (turn) => drop(turn, Math.floor(turn.length * 0.6), 16));
    add("duplicate", target, (turn) => duplicate(turn, 0, turn.length));
    // Fernet's IV: its bits are those of the first letters, if nobody looks at the MAC
    for (const at of fernetTokens(target.bytes).slice(0, 1))
      add("flip in the IV", target, (turn) =>
        flip(turn, (fernetTokens(turn)[0] ?? at) + IV_IN_FERNET + ((random[60] ?? 0) % IV_CHARACTERS)),
      );
    const messages = messagesIn(target.bytes, 3)?.length ?? 0;
    for (const index of new Set([1, 2, messages - 2].filter((at) => at > 0 && at < messages - 1))) {
      add(`drop message ${index + 1} of ${messages}`, target, (turn) => {
        const unit = messagesIn(turn, 3)?.[index];
        return unit ? drop(turn, unit.from, unit.to - unit.from) : cut(turn, turn.length - 1);
      });
    }
    for (const [way, start] of lastMessages(target).entries()) {
      // the turn need not be as long in each run
      const at = (turn: Bytes) => lastMessages({ bytes: turn })[way] ?? turn.length - (length - start);
      add(`duplicate from ${start}`, target, (turn) => duplicate(turn, at(turn), turn.length - at(turn)));
      add(`cut at ${start}`, target, (turn) => cut(turn, at(turn)));
    }
  }
  return [...plans, ...(await planLong(exchanges, baseline, long))];
}

/** In a long exchange: what is checked at its beginning may not be at its end, and blocks that stand alone could be swapped or left out. */
async function planLong(
  exchanges: SharedExchanges,
  baseline: Baseline,
  length: number,
): Promise<Tampering[]> {
  if (exchanges.fixedTexts) return [];
  const outcome = await longRun(exchanges, length);
  const plans: Tampering[] = [];
  for (const receiver of ["server", "client"] as const) {
    const usual = receiver === "server" ? baseline.turns.message : baseline.turns.reply;
    const target = usual && outcome.turns.find((turn) => isSamePlace(turn, usual));
    const printed = receiver === "server" ? outcome.times.message : outcome.times.reply;
    if (!target || printed === 0) continue;
    const common = { receiver, target, onMessage: true, length };
    plans.push({
      ...common,
      name: "cut a long one",
      change: (turn) => cut(turn, Math.floor(turn.length * LONG_CUT)),
    });
    for (const share of LONG_FLIPS)
      plans.push({
        ...common,
        name: `flip at ${share} of a long one`,
        change: (turn) => flip(turn, Math.floor(turn.length * share)),
      });
    for (const size of blockSizes(target, baseline)) {
      const at = (turn: Bytes) => turn.length - 3 * size;
      plans.push({ ...common, name: `swap blocks of ${size}`, change: (turn) => swap(turn, at(turn), size) });
      plans.push({
        ...common,
        name: `drop a block of ${size}`,
        change: (turn) => drop(turn, at(turn) + size, size),
      });
    }
  }
  return plans;
}

/** The sizes of which a turn may be made: how much longer it is than the plain one, and its pieces, say so. */
function blockSizes(target: Turn, { turns }: Baseline): number[] {
  const usual = turns.message?.direction === target.direction ? turns.message : turns.reply;
  const growth = target.bytes.length - (usual?.bytes.length ?? 0);
  const [, ...inner] = target.pieces.slice(0, -1);
  const piece = inner[0];
  const fromPieces = piece !== undefined && inner.every((length) => length === piece) ? [piece] : [];
  const fromGrowth = BLOCKS.filter((size) => size > 64 && growth > size && growth % size === 0).slice(-2);
  return [...new Set([...fromPieces, ...fromGrowth])]
    .filter((size) => target.bytes.length >= 4 * size)
    .slice(0, 2);
}

/** Where tokens of Fernet begin. */
function fernetTokens(turn: Bytes): number[] {
  const text = Buffer.from(turn).toString("latin1");
  return [...text.matchAll(/gAAAA[A-Za-z0-9_-]{95,}/g)].map(({ index }) => index);
}

/** Where fields of a turn may begin: at its pieces, behind lengths of four bytes, and where a run of text begins. */
export function fieldStarts({ bytes, pieces }: Turn): number[] {
  const starts = new Set<number>();
  let at = 0;
  for (const length of pieces) {
    starts.add(at);
    at += length;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + 5 < bytes.length; offset += 1) {
    const length = view.getUint32(offset);
    if (length >= 12 && offset + 4 + length <= bytes.length && length >= bytes.length / 12)
      starts.add(offset + 4);
  }
  for (const match of Buffer.from(bytes)
    .toString("latin1")
    .matchAll(/[A-Za-z0-9+/_=-]{16,}/g))
    starts.add(match.index);
  return [...starts].filter((start) => start + 12 < bytes.length).toSorted((a, b) => a - b);
}

/** Says whether bytes of the message can be others, `UNCHECKED` in a row, and it is still taken. */
export function planUnchecked(trial: Trial): Tampering[] {
  const { applied, receiver, name } = trial;
  if (!applied || !trial.onMessage || trial.observation.kind !== "unchanged" || applied.kind !== "flip")
    return [];
  const { before, offset, direction, ordinal, line } = applied;
  if (before.length < MIN_SIGNED || isInPem(before, offset)) return [];
  const target = {
    direction,
    ordinal,
    ...(line !== undefined && { line }),
    bytes: before,
    pause: 0,
    connection: 0,
    pieces: [before.length],
    from: 0,
    to: 0,
  };
  return [offset, offset - UNCHECKED / 2, offset - UNCHECKED + 1]
    .filter((from) => from >= 0 && from + UNCHECKED <= before.length)
    .map((from) => ({
      name: `${name}, ${UNCHECKED} bytes from ${from}`,
      receiver,
      target,
      onMessage: true,
      change: (turn: Bytes) => overwrite(turn, from, UNCHECKED),
    }));
}

/** A certificate or key in PEM has parts of its own that need not be looked at. */
function isInPem(turn: Bytes, offset: number): boolean {
  const before = Buffer.from(turn.subarray(0, offset)).toString("latin1");
  return before.lastIndexOf("-----BEGIN") > before.lastIndexOf("-----END");
}

/** What a trial shows: the exchange, the bytes, and what was printed. */
export function evidenceOfTrial(trial: Trial): Evidence[] {
  const { outcome, applied, receiver, observation, text } = trial;
  const bad = "value" in observation ? [observation.value] : [text];
  return [
    { caption: "The exchange, and what was done to it", diagram: diagramOf(outcome, trial.name, { bad }) },
    ...(applied ? [dumpOf(applied)] : []),
    { caption: `What the ${receiver} was to receive`, quote: text },
    { caption: `What the ${receiver} printed`, quote: outcome.printed[receiver].trim().slice(0, 1500) },
  ];
}
