/** Draws an exchange: its events as rungs, with what was attacked, and what is wrong in what was printed. */
import { toHex } from "../../../lib/bytes/bytes.ts";
import { TurnCounter } from "../attacks/turn-finder.ts";
import type { AppliedAttack } from "../model/attack.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Ending } from "../model/program.ts";
import type { DiagramEntry, Evidence, SequenceDiagram } from "../model/report.ts";

/** Bytes of a frame that are shown. */
const EXCERPT = 16;
const MAX_TEXT = 400;
const MAX_ENTRIES = 60;
/** Bytes shown before and after the place that was attacked. */
const AROUND = 24;
/** Milliseconds between two writes that are still one frame. */
const TOGETHER = 30;

/** Draws `outcome`; a printed line that contains one of `bad` is marked. */
export function diagramOf(
  outcome: Outcome,
  title: string,
  options: { bad?: string[]; read?: string } = {},
): SequenceDiagram {
  const { events, applied } = outcome;
  const start = events[0]?.at ?? 0;
  const entries: DiagramEntry[] = [];
  const counter = new TurnCounter();
  let turn = { connection: 0, direction: "" };
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  for (const event of events) {
    const at = (event.at - start) / 1000;
    switch (event.type) {
      case "connect":
        entries.push({ at, type: "connect", connection: event.connection, port: event.port });
        break;
      case "data": {
        if (event.bytes.length === 0) break;
        const { connection, direction, bytes } = event;
        const previous = entries.findLast((entry) => entry.type === "frame");
        const sameTurn = turn.connection === connection && turn.direction === direction;
        // where lines are counted, only that of the attack matters
        const counts = applied?.line === undefined || applied.connection === connection;
        const ordinal = counts ? counter.count({ id: connection }, direction).ordinal : 0;
        turn = { connection, direction };
        const joins =
          sameTurn && previous?.type === "frame" && entries.at(-1) === previous && event.at - last < TOGETHER;
        last = event.at;
        if (joins) {
          previous.length += bytes.length;
          if (previous.excerpt.length < 2 * EXCERPT)
            previous.excerpt = (previous.excerpt + toHex(bytes.subarray(0, EXCERPT))).slice(0, 2 * EXCERPT);
          break;
        }
        const isStruck = applied && !drawn && applied.direction === direction && applied.ordinal === ordinal;
        if (isStruck) drawn = true;
        entries.push({
          at,
          type: "frame",
          connection,
          direction,
          length: bytes.length,
          excerpt: toHex(bytes.subarray(0, EXCERPT)),
          ...(isStruck && { attack: { kind: applied.kind, offset: applied.offset, detail: applied.detail } }),
          ...(options.read !== undefined && !applied && { attack: { kind: "read", detail: options.read } }),
        });
        break;
      }
      case "end":
      case "reset":
        entries.push({ at, type: event.type, connection: event.connection, direction: event.direction });
        break;
      case "printed": {
        const text = event.text.slice(0, MAX_TEXT);
        const bad = options.bad?.some((part) => part !== "" && event.text.includes(part));
        entries.push({
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
        entries.push({ at, type: "exit", side: event.side, ending: describeEnding(event.ending) });
        break;
      case "file":
        entries.push({
          at,
          type: "note",
          text: `the ${event.side}'s file ${event.name} (${event.bytes.length} bytes) reaches the other side`,
        });
    }
  }
  if (applied && !drawn) entries.push({ at: 0, type: "note", text: applied.detail });
  return { title, entries: shorten(entries) };
}

/** Shows the bytes around the place that was attacked, as they went on. */
export function dumpOf({ before, after, offset, ordinal, direction, detail }: AppliedAttack): Evidence {
  const from = Math.max(0, offset - AROUND);
  const observation = after.subarray(from, offset + AROUND);
  const marked = [...observation.keys()].filter((at) => observation[at] !== before[from + at]);
  return {
    caption: `Turn ${ordinal} from ${direction}, bytes ${from} to ${from + observation.length}, as they went on: ${detail}`,
    dump: { label: `from byte ${from}`, hex: toHex(observation), marked: marked.map((at) => [at, at + 1]) },
  };
}

/** Says in words how a program ended. */
export function describeEnding({ status, stopReason: stopped }: Ending): string {
  if (stopped !== undefined) return `ended by the harness (${stopped})`;
  return status === undefined ? "killed by a signal" : `status ${status}`;
}

function shorten(entries: DiagramEntry[]): DiagramEntry[] {
  if (entries.length <= MAX_ENTRIES) return entries;
  const kept = entries.filter(
    (entry, index) =>
      index < MAX_ENTRIES - 15 ||
      index >= entries.length - 10 ||
      ("attack" in entry && entry.attack) ||
      ("bad" in entry && entry.bad),
  );
  const note: DiagramEntry = {
    at: kept[MAX_ENTRIES - 16]?.at ?? 0,
    type: "note",
    text: `${entries.length - kept.length} more are left out`,
  };
  return [...kept.slice(0, MAX_ENTRIES - 15), note, ...kept.slice(MAX_ENTRIES - 15)];
}
