/** Draws an exchange: its events as rungs, with what was attacked, and what is wrong in what was printed. */
import { toHex } from "../../lib/bytes.ts";
import { type Strike, TurnCounter } from "./attacks/attack.ts";
import type { Outcome } from "./exchange.ts";
import type { Ending } from "./lab.ts";
import type { Evidence, Ladder, Rung } from "./report.ts";

/** Bytes of a frame that are shown. */
const EXCERPT = 16;
const MAX_TEXT = 400;
const MAX_RUNGS = 60;
/** Bytes shown before and after the place that was attacked. */
const AROUND = 24;
/** Milliseconds between two writes that are still one frame. */
const TOGETHER = 30;

/** Draws `outcome`; a printed line that contains one of `bad` is marked. */
export function ladderOf(
  outcome: Outcome,
  title: string,
  options: { bad?: string[]; read?: string } = {},
): Ladder {
  const { events, strike } = outcome;
  const start = events[0]?.at ?? 0;
  const rungs: Rung[] = [];
  const counter = new TurnCounter();
  let turn = { connection: 0, direction: "" };
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  for (const event of events) {
    const at = (event.at - start) / 1000;
    switch (event.type) {
      case "connect":
        rungs.push({ at, type: "connect", connection: event.connection, port: event.port });
        break;
      case "data": {
        if (event.bytes.length === 0) break;
        const { connection, direction, bytes } = event;
        const previous = rungs.findLast((rung) => rung.type === "frame");
        const sameTurn = turn.connection === connection && turn.direction === direction;
        // where lines are counted, only that of the attack matters
        const counts = strike?.line === undefined || strike.connection === connection;
        const ordinal = counts ? counter.count({ id: connection }, direction).ordinal : 0;
        turn = { connection, direction };
        const joins =
          sameTurn && previous?.type === "frame" && rungs.at(-1) === previous && event.at - last < TOGETHER;
        last = event.at;
        if (joins) {
          previous.length += bytes.length;
          if (previous.excerpt.length < 2 * EXCERPT)
            previous.excerpt = (previous.excerpt + toHex(bytes.subarray(0, EXCERPT))).slice(0, 2 * EXCERPT);
          break;
        }
        const isStruck = strike && !drawn && strike.direction === direction && strike.ordinal === ordinal;
        if (isStruck) drawn = true;
        rungs.push({
          at,
          type: "frame",
          connection,
          direction,
          length: bytes.length,
          excerpt: toHex(bytes.subarray(0, EXCERPT)),
          ...(isStruck && { attack: { kind: strike.kind, offset: strike.offset, detail: strike.detail } }),
          ...(options.read !== undefined && !strike && { attack: { kind: "read", detail: options.read } }),
        });
        break;
      }
      case "end":
      case "reset":
        rungs.push({ at, type: event.type, connection: event.connection, direction: event.direction });
        break;
      case "printed": {
        const text = event.text.slice(0, MAX_TEXT);
        const bad = options.bad?.some((part) => part !== "" && event.text.includes(part));
        rungs.push({
          at,
          type: "printed",
          side: event.side,
          stream: event.stream,
          text,
          ...(bad && { bad: true }),
        });
        break;
      }
      case "exit":
        rungs.push({ at, type: "exit", side: event.side, ending: describeEnding(event.ending) });
        break;
      case "file":
        rungs.push({
          at,
          type: "note",
          text: `the ${event.side}'s file ${event.name} (${event.bytes.length} bytes) reaches the other side`,
        });
    }
  }
  if (strike && !drawn) rungs.push({ at: 0, type: "note", text: strike.detail });
  return { title, rungs: shorten(rungs) };
}

/** Shows the bytes around the place that was attacked, as they went on. */
export function dumpOf({ before, after, offset, ordinal, direction, detail }: Strike): Evidence {
  const from = Math.max(0, offset - AROUND);
  const shown = after.subarray(from, offset + AROUND);
  const marked = [...shown.keys()].filter((at) => shown[at] !== before[from + at]);
  return {
    caption: `Turn ${ordinal} from ${direction}, bytes ${from} to ${from + shown.length}, as they went on: ${detail}`,
    dump: { label: `from byte ${from}`, hex: toHex(shown), marked: marked.map((at) => [at, at + 1]) },
  };
}

/** Says in words how a program ended. */
export function describeEnding({ status, stopped }: Ending): string {
  if (stopped !== undefined) return `ended by the harness (${stopped})`;
  return status === undefined ? "killed by a signal" : `status ${status}`;
}

function shorten(rungs: Rung[]): Rung[] {
  if (rungs.length <= MAX_RUNGS) return rungs;
  const kept = rungs.filter(
    (rung, index) =>
      index < MAX_RUNGS - 15 ||
      index >= rungs.length - 10 ||
      ("attack" in rung && rung.attack) ||
      ("bad" in rung && rung.bad),
  );
  const note: Rung = {
    at: kept[MAX_RUNGS - 16]?.at ?? 0,
    type: "note",
    text: `${rungs.length - kept.length} more are left out`,
  };
  return [...kept.slice(0, MAX_RUNGS - 15), note, ...kept.slice(MAX_RUNGS - 15)];
}
