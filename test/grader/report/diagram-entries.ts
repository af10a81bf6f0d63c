/** The steps of an exchange: which of them are shown when there are many, and each in words. */

import type { AttackKind } from "../model/attack.ts";
import type { Attack, DiagramEntry, PrintedEntry } from "../model/report.ts";
import { counted, shorten } from "./visible.ts";

/** Rungs that a ladder shows; what is attacked or wrong may make them more. */
export const RUNG_LIMIT = 26;

// a frame in which every byte was tried would else be a ladder without end
const IMPORTANT_LIMIT = 60;
const TEXT_LIMIT = 300;

/** What was done, in one word. */
export const DEEDS: Record<AttackKind, string> = {
  read: "read",
  flip: "flipped",
  cut: "cut",
  drop: "dropped",
  duplicate: "duplicated",
  reorder: "reordered",
  inject: "injected",
  replay: "replayed",
  replace: "replaced",
};

/** What a program does with its output. */
export function outputVerb(stream: PrintedEntry["stream"]): string {
  return { stdout: "prints", stderr: "prints on stderr", file: "stores a file" }[stream];
}

/** Rungs that are left out. */
export interface Gap {
  type: "gap";
  count: number;
  text: string;
}

/** Says whether `rung` is what the evidence is about. */
export function isImportant(entry: DiagramEntry): boolean {
  return (
    (entry.type === "frame" && entry.attack !== undefined) || (entry.type === "printed" && entry.bad === true)
  );
}

/**
 * Returns what is shown of `rungs`: how the exchange begins and ends, and whatever is attacked or wrong, with its neighbours.
 *
 * Never more than `limit` and twice 60 with their neighbours; a gap says how many rungs it stands for, and how many of those
 * are attacked.
 */
export function elide(entries: readonly DiagramEntry[], limit = RUNG_LIMIT): (DiagramEntry | Gap)[] {
  if (entries.length <= limit) return [...entries];
  const important = entries.flatMap((entry, index) => (isImportant(entry) ? [index] : []));
  const kept = new Set(
    important.length <= IMPORTANT_LIMIT
      ? important
      : [...important.slice(0, IMPORTANT_LIMIT / 2), ...important.slice(-IMPORTANT_LIMIT / 2)],
  );
  for (const index of [...kept])
    for (const near of [index - 1, index + 1]) if (near in entries) kept.add(near);
  const half = Math.max(3, Math.floor((limit - Math.min(kept.size, limit)) / 2));
  entries.forEach((_, index) => {
    if (index < half || index >= entries.length - half) kept.add(index);
  });

  const shown: (DiagramEntry | Gap)[] = [];
  let gap: DiagramEntry[] = [];
  const close = () => {
    const [only] = gap;
    if (only !== undefined) shown.push(gap.length === 1 ? only : describeGap(gap));
    gap = [];
  };
  entries.forEach((entry, index) => {
    if (!kept.has(index)) gap.push(entry);
    else {
      close();
      shown.push(entry);
    }
  });
  close();
  return shown;
}

function describeGap(entries: readonly DiagramEntry[]): Gap {
  const frames = entries.filter((entry) => entry.type === "frame");
  const length = frames.reduce((sum, entry) => sum + entry.length, 0);
  const printed = entries.filter((entry) => entry.type === "printed").length;
  const bad = entries.filter(isImportant).length;
  const parts = [
    frames.length > 0 && `${counted(frames.length, "piece")} of ${counted(length, "byte")} together`,
    printed > 0 && `${counted(printed, "output")}`,
    bad > 0 && `${bad} of them attacked or wrong, like those shown`,
  ].filter((part) => part !== false);
  const what = parts.length > 0 ? `: ${parts.join(", ")}` : "";
  return { type: "gap", count: entries.length, text: `${counted(entries.length, "step")} more${what}` };
}

/** Returns `rung` as one line, without its time; what programs printed is not escaped yet. */
export function describeEntry(entry: DiagramEntry | Gap): string {
  switch (entry.type) {
    case "connect":
      return entry.played === undefined
        ? `client connects to port ${entry.port} (connection ${entry.connection})`
        : `connection ${entry.connection} to port ${entry.port}: the harness plays the ${entry.played}`;
    case "frame":
      return `${entry.direction}, ${counted(entry.length, "byte")}${entry.attack ? `: ${describeAttack(entry.attack)}` : ""}`;
    case "end":
      return `${entry.direction}: end of stream`;
    case "reset":
      return `${entry.direction}: connection reset`;
    case "printed":
      return `${entry.side} ${outputVerb(entry.stream)}: ${shorten(entry.text, TEXT_LIMIT)}`;
    case "exit":
      return `${entry.side} ends: ${entry.ending}`;
    case "note":
      return shorten(entry.text, TEXT_LIMIT);
    case "gap":
      return `⋯ ${entry.text}`;
  }
}

/** Returns what was done to a frame, and where. */
export function describeAttack({ kind, offset, detail }: Attack): string {
  const where = offset === undefined ? "" : ` at byte ${offset}`;
  return `${DEEDS[kind].toUpperCase()}${where}: ${shorten(detail, TEXT_LIMIT)}`;
}
