/** An attack on the wire: a tap that forwards everything until it applies its change. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "./direction.ts";
import type { Tap } from "./tap.ts";

export const ATTACK_KINDS = [
  "read",
  "flip",
  "cut",
  "drop",
  "duplicate",
  "reorder",
  "inject",
  "replay",
  "replace",
] as const;
export type AttackKind = (typeof ATTACK_KINDS)[number];

export interface Attack extends Tap {
  /** Undefined until the attack has been applied. */
  readonly applied: AppliedAttack | undefined;
  /** The attack holds something back while it computes: silence means nothing. */
  readonly isWorking?: boolean;
}

/** What was done, and where. */
export interface AppliedAttack {
  kind: AttackKind;
  connection: number;
  direction: Direction;
  /** Counted from 1 among the turns of its direction, within its line if it has one. */
  ordinal: number;
  line?: number | undefined;
  /** The byte of the turn at which the change begins. */
  offset: number;
  /** One phrase, such as "byte 17 is 41 instead of 40". */
  detail: string;
  before: Bytes;
  after: Bytes;
}
