/** Draws an exchange as a sequence diagram, with the attack and the output that is wrong marked. */
import { type Bytes, toHex } from "../../../lib/bytes/bytes.ts";
import { TurnCounter } from "../attacks/turn-finder.ts";
import type { Place } from "../crack/capture/capture.ts";
import type { AppliedAttack } from "../model/attack.ts";
import type { Direction } from "../model/direction.ts";
import { describeEnding } from "../model/ending.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Outcome } from "../model/outcome.ts";
import type { DiagramEntry, Evidence, FrameEntry, SequenceDiagram } from "../model/report.ts";

/** Bytes of a frame that are shown. */
const EXCERPT = 16;
const MAX_TEXT = 400;
const MAX_ENTRIES = 60;
/** Bytes shown before and after the change that an attack made. */
const AROUND = 24;
/** Milliseconds between two writes that are still drawn as one frame. */
const TOGETHER = 30;

type DataEvent = Extract<SessionEvent, { type: "data" }>;

export interface DiagramOptions {
  /** Mark output that contains one of these. */
  bad?: string[];
  /** What an eavesdropper read, if there was no attack, and where in this exchange. */
  read?: { what: string; where: readonly Place[] };
}

export function diagramOf(outcome: Outcome, title: string, options: DiagramOptions = {}): SequenceDiagram {
  const drawing = new Drawing(outcome, options);
  for (const event of outcome.events) drawing.add(event);
  return { title, entries: shorten(drawing.entries()) };
}

/** Turns the events of an exchange into the entries of its diagram, one by one. */
class Drawing {
  readonly #entries: DiagramEntry[] = [];
  readonly #options: DiagramOptions;
  readonly #applied: AppliedAttack | undefined;
  readonly #start: number;
  readonly #counter = new TurnCounter();
  /** The frame that the next data may continue. */
  #open: { frame: FrameEntry; last: number } | undefined;
  #hasAttack = false;
  /** By connection and direction: how many bytes have passed. */
  readonly #passed = new Map<string, number>();

  constructor({ applied, events }: Outcome, options: DiagramOptions) {
    this.#applied = applied;
    this.#options = options;
    this.#start = events[0]?.at ?? 0;
  }

  add(event: SessionEvent): void {
    if (event.type === "data") {
      if (event.bytes.length > 0) this.#addData(event);
    } else {
      this.#open = undefined;
      this.#entries.push(this.#entryFor(event));
    }
  }

  entries(): DiagramEntry[] {
    if (!this.#applied || this.#hasAttack) return this.#entries;
    return [...this.#entries, { at: 0, type: "note", text: this.#applied.detail }];
  }

  #addData({ at, connection, direction, bytes }: DataEvent): void {
    const applied = this.#applied;
    // if each connection has its own turns, only those of the attacked one count
    const counts = applied?.line === undefined || applied.connection === connection;
    const ordinal = counts ? this.#counter.count({ id: connection }, direction).ordinal : 0;
    const attack = applied ? undefined : this.#readIn(connection, direction, bytes.length);
    const open = this.#open;
    if (
      open &&
      open.frame.connection === connection &&
      open.frame.direction === direction &&
      at - open.last < TOGETHER
    ) {
      open.frame.length += bytes.length;
      open.frame.excerpt = (open.frame.excerpt + excerptOf(bytes)).slice(0, 2 * EXCERPT);
      if (attack) open.frame.attack = attack;
      open.last = at;
      return;
    }
    const frame: FrameEntry = {
      at: this.#secondsAt(at),
      type: "frame",
      connection,
      direction,
      length: bytes.length,
      excerpt: excerptOf(bytes),
    };
    if (!applied) {
      if (attack) frame.attack = attack;
    } else if (!this.#hasAttack && applied.direction === direction && applied.ordinal === ordinal) {
      this.#hasAttack = true;
      frame.attack = { kind: applied.kind, offset: applied.offset, detail: applied.detail };
    }
    this.#entries.push(frame);
    this.#open = { frame, last: at };
  }

  /** Marks a frame of `length` bytes if the proof lies in it. */
  #readIn(connection: number, direction: Direction, length: number): FrameEntry["attack"] {
    const key = `${connection} ${direction}`;
    const from = this.#passed.get(key) ?? 0;
    this.#passed.set(key, from + length);
    const { read } = this.#options;
    const isIn = read?.where.some(
      (place) =>
        "connection" in place &&
        place.connection === connection &&
        place.direction === direction &&
        place.offset < from + length &&
        from < place.offset + place.length,
    );
    return read && isIn ? { kind: "read", detail: read.what } : undefined;
  }

  #entryFor(event: Exclude<SessionEvent, DataEvent>): DiagramEntry {
    const at = this.#secondsAt(event.at);
    switch (event.type) {
      case "connect":
        return { at, type: "connect", connection: event.connection, port: event.port };
      case "end":
      case "reset":
        return { at, type: event.type, connection: event.connection, direction: event.direction };
      case "printed": {
        const { side, stream } = event;
        const isBad = this.#options.bad?.some((part) => part !== "" && event.text.includes(part));
        const text = event.text.slice(0, MAX_TEXT);
        return { at, type: "printed", side, stream, text, ...(isBad && { bad: true }) };
      }
      case "exit":
        return { at, type: "exit", side: event.side, ending: describeEnding(event.ending) };
      case "file": {
        const { side, name, bytes } = event;
        const text = `the ${side}'s file ${name} (${bytes.length} bytes) reaches the other side`;
        return { at, type: "note", text };
      }
    }
  }

  #secondsAt(at: number): number {
    return (at - this.#start) / 1000;
  }
}

function excerptOf(bytes: Bytes): string {
  return toHex(bytes.subarray(0, EXCERPT));
}

/** Shows the bytes around the change that an attack made, as they were sent on. */
export function dumpOf({ before, after, offset, ordinal, direction, detail }: AppliedAttack): Evidence {
  const from = Math.max(0, offset - AROUND);
  const shown = after.subarray(from, offset + AROUND);
  const marked = [...shown.keys()].filter((at) => shown[at] !== before[from + at]);
  return {
    caption: `Turn ${ordinal} from ${direction}, bytes ${from} to ${from + shown.length}, as they were sent on: ${detail}`,
    dump: { label: `from byte ${from}`, hex: toHex(shown), marked: marked.map((at) => [at, at + 1]) },
  };
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
    text: `${entries.length - kept.length} more entries are left out`,
  };
  return [...kept.slice(0, MAX_ENTRIES - 15), note, ...kept.slice(MAX_ENTRIES - 15)];
}
