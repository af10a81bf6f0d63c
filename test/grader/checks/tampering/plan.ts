/** Plans the tampering with an exchange: which turns to alter, and how. No exchange is run here. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { cut, drop, duplicate, flip, overwrite, swap } from "../../attacks/alterations.ts";
import { lastMessages, messagesIn } from "../../attacks/messages.ts";
import type { Alter, TargetTurn } from "../../attacks/modify-turn.ts";
import type { Baseline } from "../../exchange/baseline.ts";
import type { AppliedAttack } from "../../model/attack.ts";
import type { Side } from "../../model/direction.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Turn } from "../../model/turn.ts";
import type { PreparedTask } from "../../run/prepared-task.ts";
import { isSamePlace } from "../../wire/turns.ts";

/** Bytes in a row that no honest design leaves unauthenticated in a message. */
export const UNCHECKED = 32;
/** Bytes; shorter turns have no room for a signature. */
const MIN_SIGNED = 96;
const FLIPS = 5;
const MIDDLE = 2;
const FIELD_FLIPS = 3;
/** Turns before the message in which a bit is flipped. */
const EARLIER_TURNS = 3;
/** The share of a long turn after which the stream ends. */
const LONG_CUT = 0.6;
/** Where a bit of a long turn is flipped, as shares of it: beyond what a short turn has. */
const LONG_FLIPS = [0.45, 0.9];
/** Bytes; blocks of encrypted text that may stand by themselves. */
const BLOCKS = [128, 172, 256, 344, 384, 512];
const MAX_BLOCK_SIZES = 2;

/** Characters of a token before its IV (version and time, https://github.com/fernet/spec). */
const IV_IN_FERNET = 13;
/** Characters within the IV. */
const IV_CHARACTERS = 18;

/** One attack: a turn to alter. */
export interface Tampering {
  name: string;
  /** The side that should notice. */
  receiver: Side;
  target: TargetTurn;
  /** The target is the turn that carries the text. */
  onMessage: boolean;
  /** The exchange has long texts. */
  isLong?: boolean;
  alter: Alter;
}

type Carriers = Pick<Baseline, "turns">;
type LongOutcome = Pick<Outcome, "turns" | "times">;

/** @param long an exchange with long texts, if there can be one */
export function planTampering(
  prepared: Pick<PreparedTask, "random">,
  baseline: Carriers & { first: Pick<Outcome, "turns"> },
  long: LongOutcome | undefined,
): Tampering[] {
  const plans = (["server", "client"] as const).flatMap((receiver) => {
    const target = receiver === "server" ? baseline.turns.message : baseline.turns.reply;
    if (!target) return [];
    const random = prepared.random(`where to strike, ${receiver}`, 64);
    return [
      ...onMessage(target, random).map(([name, alter]) => ({
        name,
        receiver,
        target,
        alter,
        onMessage: true,
      })),
      ...onEarlierTurns(baseline.first.turns, target, random).map((plan) => ({ ...plan, receiver })),
    ];
  });
  return [...plans, ...(long ? planLong(baseline, long) : [])];
}

/** Alterations of the turn that carries a text. */
function onMessage(target: Turn, random: Bytes): [name: string, alter: Alter][] {
  const { length } = target.bytes;
  const byte = (index: number) => random[index] ?? 0;
  const plans: [string, Alter][] = [];
  const fields = fieldStarts(target)
    .slice(0, FIELD_FLIPS)
    .map((start, index) => start + 1 + (byte(index + 20) % 7));
  for (let index = 0; index < FLIPS; index += 1) {
    // one flip in each part of the turn is enough; a quick grading has that in the middle alone
    const hasFlip = fields.some((offset) => Math.floor((offset * FLIPS) / length) === index);
    if (hasFlip && index !== MIDDLE) continue;
    const offset = Math.floor(((index + byte(index) / 256) * length) / FLIPS);
    plans.push([`flip ${index + 1}`, (turn) => flip(turn, offset, byte(index + 10) % 3)]);
  }
  for (const [index, offset] of fields.entries())
    plans.push([`flip in field ${index + 1}`, (turn) => flip(turn, offset)]);
  plans.push(["cut", (turn) => cut(turn, Math.floor(turn.length * (0.4 + byte(50) / 600)))]);
  if (length >= 2 * UNCHECKED) plans.push([CUT_AT_END, (turn) => cut(turn, turn.length - UNCHECKED)]);
  plans.push(["drop", (turn) => drop(turn, Math.floor(turn.length * 0.6), 16)]);
  plans.push(["duplicate", (turn) => duplicate(turn, 0, turn.length)]);
  // unless the MAC is checked, bits of Fernet's IV are bits of the first characters
  for (const at of fernetTokens(target.bytes).slice(0, 1))
    plans.push([
      "flip in the IV",
      (turn) => flip(turn, (fernetTokens(turn)[0] ?? at) + IV_IN_FERNET + (byte(60) % IV_CHARACTERS)),
    ]);
  return [...plans, ...onMessagesWithin(target)];
}

/** Alterations of single messages, if the turn consists of several. */
function onMessagesWithin(target: Turn): [name: string, alter: Alter][] {
  const { length } = target.bytes;
  const plans: [string, Alter][] = [];
  const count = messagesIn(target.bytes, 3)?.length ?? 0;
  for (const index of new Set([1, 2, count - 2].filter((at) => at > 0 && at < count - 1))) {
    plans.push([
      `drop message ${index + 1} of ${count}`,
      (turn) => {
        const message = messagesIn(turn, 3)?.[index];
        return message ? drop(turn, message.from, message.to - message.from) : cut(turn, turn.length - 1);
      },
    ]);
  }
  for (const [way, start] of lastMessages(target).entries()) {
    // the turn may have another length in each run
    const at = (turn: Bytes) => lastMessages({ bytes: turn })[way] ?? turn.length - (length - start);
    plans.push([`duplicate from ${start}`, (turn) => duplicate(turn, at(turn), turn.length - at(turn))]);
    plans.push([`cut at ${start}`, (turn) => cut(turn, at(turn))]);
  }
  return plans;
}

/** Flips a bit in the turns of the same direction before the one that carries the text. */
function onEarlierTurns(turns: readonly Turn[], target: Turn, random: Bytes) {
  return turns
    .filter(
      ({ direction, ordinal }) =>
        direction === target.direction && ordinal < target.ordinal && ordinal <= EARLIER_TURNS,
    )
    .map((earlier) => {
      const share = (random[30 + earlier.ordinal * 4] ?? 0) / 256;
      return {
        name: `flip 1 in turn ${earlier.ordinal}`,
        target: earlier,
        onMessage: false,
        alter: (turn: Bytes) => flip(turn, Math.floor(share * turn.length)),
      };
    });
}

/**
 * In a long exchange, what is authenticated at its beginning may not be at its end, and blocks that
 * stand by themselves could be swapped or dropped.
 */
function planLong(baseline: Carriers, long: LongOutcome): Tampering[] {
  return (["server", "client"] as const).flatMap((receiver) => {
    const usual = receiver === "server" ? baseline.turns.message : baseline.turns.reply;
    const target = usual && long.turns.find((turn) => isSamePlace(turn, usual));
    const printed = receiver === "server" ? long.times.message : long.times.reply;
    if (!target || printed === 0) return [];
    const plan = (name: string, alter: Alter): Tampering => ({
      name,
      receiver,
      target,
      onMessage: true,
      isLong: true,
      alter,
    });
    return [
      plan("cut a long one", (turn) => cut(turn, Math.floor(turn.length * LONG_CUT))),
      ...LONG_FLIPS.map((share) =>
        plan(`flip at ${share} of a long one`, (turn) => flip(turn, Math.floor(turn.length * share))),
      ),
      ...blockSizes(target, usual).flatMap((size) => [
        plan(`swap blocks of ${size}`, (turn) => swap(turn, turn.length - 3 * size, size)),
        plan(`drop a block of ${size}`, (turn) => drop(turn, turn.length - 2 * size, size)),
      ]),
    ];
  });
}

/**
 * The sizes of the blocks that a turn may consist of, by its pieces and by how much it has grown.
 */
function blockSizes(target: Turn, usual: Turn): number[] {
  const growth = target.bytes.length - usual.bytes.length;
  const [, ...inner] = target.pieces.slice(0, -1);
  const piece = inner[0];
  const fromPieces = piece !== undefined && inner.every((length) => length === piece) ? [piece] : [];
  const fromGrowth = BLOCKS.filter((size) => growth > size && growth % size === 0).slice(-2);
  const sizes = [...new Set([...fromPieces, ...fromGrowth])].filter(
    (size) => target.bytes.length >= 4 * size,
  );
  // a block of twice the size is two blocks
  return sizes
    .filter((size) => !sizes.some((other) => other > size && other % size === 0))
    .slice(0, MAX_BLOCK_SIZES);
}

/** Returns the offsets at which Fernet tokens begin. */
function fernetTokens(turn: Bytes): number[] {
  const text = Buffer.from(turn).toString("latin1");
  return [...text.matchAll(/gAAAA[A-Za-z0-9_-]{95,}/g)].map(({ index }) => index);
}

/**
 * Returns where fields may begin: at a piece, after a length of four bytes, or at a run of text.
 */
function fieldStarts({ bytes, pieces }: Turn): number[] {
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
  const text = Buffer.from(bytes).toString("latin1");
  for (const { index } of text.matchAll(/[A-Za-z0-9+/_=-]{16,}/g)) starts.add(index);
  return [...starts].filter((start) => start + 12 < bytes.length).toSorted((a, b) => a - b);
}

/** One attack of each kind. */
const QUICK = [`flip ${MIDDLE + 1}`, "cut", "drop", "duplicate"];

/** Says whether an attack belongs to a quick grading. */
export function isQuick({ name }: Pick<Tampering, "name">): boolean {
  return QUICK.includes(name);
}

/** Says whether an attack sends a message twice. */
export function isDuplicate({ name }: Pick<Tampering, "name">): boolean {
  return name.startsWith("duplicate");
}

const CUT_AT_END = "cut at the end";
const OVERWRITES = / bytes from /;

/**
 * Says whether the attack removes or overwrites more than an honest design leaves unauthenticated.
 */
export function hitsUnchecked({ name }: Pick<Tampering, "name">): boolean {
  return name === CUT_AT_END || OVERWRITES.test(name);
}

/** Overwrites `UNCHECKED` bytes around a flipped bit that the receiver did not notice. */
export function planOverwrites(tampering: Tampering, applied: AppliedAttack): Tampering[] {
  const { before, offset } = applied;
  if (applied.kind !== "flip" || before.length < MIN_SIGNED || isInPem(before, offset)) return [];
  return [offset, offset - UNCHECKED / 2, offset - UNCHECKED + 1]
    .filter((from) => from >= 0 && from + UNCHECKED <= before.length)
    .map((from) => ({
      ...againstSame(tampering, applied),
      name: `${tampering.name}, ${UNCHECKED} bytes from ${from}`,
      alter: (turn) => overwrite(turn, from, UNCHECKED),
    }));
}

/** Ends the stream before the bytes that an attack changed. */
export function planCutBefore(tampering: Tampering, applied: AppliedAttack): Tampering {
  return {
    ...againstSame(tampering, applied),
    name: `${tampering.name}: without them`,
    alter: (turn) => cut(turn, applied.offset),
  };
}

/** Targets the turn that an attack has found. */
function againstSame(
  { receiver, target: { pause } }: Tampering,
  { direction, ordinal, line, before }: AppliedAttack,
): Pick<Tampering, "receiver" | "target" | "onMessage"> {
  const place = { direction, ordinal, ...(line !== undefined && { line }) };
  return { receiver, target: { ...place, bytes: before, pause }, onMessage: true };
}

/** Certificates and keys in PEM have parts that no receiver needs to look at. */
function isInPem(turn: Bytes, offset: number): boolean {
  const before = Buffer.from(turn.subarray(0, offset)).toString("latin1");
  return before.lastIndexOf("-----BEGIN") > before.lastIndexOf("-----END");
}
