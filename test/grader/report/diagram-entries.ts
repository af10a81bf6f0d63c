/** The steps of an exchange in words, and the choice of those that are shown. */
import type { AttackKind } from "../model/attack.ts";
import type { Attack, DiagramEntry, PrintedEntry } from "../model/report.ts";
import { counted, shorten } from "./visible.ts";

/** Entries that a diagram shows; important ones may make it longer. */
const ENTRY_LIMIT = 26;

/** An attack on every byte of a frame would otherwise make an endless diagram. */
const IMPORTANT_LIMIT = 60;
const TEXT_LIMIT = 300;

/** Each kind of attack in one word. */
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

/** Returns the verb for a program and its output. */
export function outputVerb(stream: PrintedEntry["stream"]): string {
  return { stdout: "prints", stderr: "prints on stderr", file: "stores a file" }[stream];
}

/** Stands for omitted entries. */
export interface Gap {
  type: "gap";
  count: number;
  text: string;
}

/** Whether the evidence is about `entry`. */
export function isImportant(entry: DiagramEntry): boolean {
  return (
    (entry.type === "frame" && entry.attack !== undefined) || (entry.type === "printed" && entry.bad === true)
  );
}

/**
 * Returns the entries to show: the start and the end of the exchange, and the important entries
 * with their neighbours, of which there are 60 at most.
 *
 * A gap gives the number of entries that it stands for, and how many of them are important.
 */
export function elide(entries: readonly DiagramEntry[], limit = ENTRY_LIMIT): (DiagramEntry | Gap)[] {
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

/** Returns `entry` as one line, without its time. The output of programs is not escaped yet. */
export function describeEntry(entry: DiagramEntry | Gap): string {
  switch (entry.type) {
    case "connect":
      return entry.played === undefined
        ? `client connects to port ${entry.port} (connection ${entry.connection})`
        : `connection ${entry.connection} to port ${entry.port}: the grader plays the ${entry.played}`;
    case "frame":
      return `${entry.direction}, ${counted(entry.length, "byte")}${entry.attack ? `: ${describeAttack(entry.attack)}` : ""}`;
    case "end":
      return `${entry.direction}: end of stream`;
    case "reset":
      return `${entry.direction}: connection reset`;
    case "printed":
      return `${entry.side} ${outputVerb(entry.stream)}: ${shorten(entry.text, TEXT_LIMIT)}`;
    case "exit":
      return `${entry.side} ${entry.ending}`;
    case "note":
      return shorten(entry.text, TEXT_LIMIT);
    case "gap":
      return `⋯ ${entry.text}`;
  }
}

/** Returns the attack on a frame and its place. */
export function describeAttack({ kind, offset, detail }: Attack): string {
  const where = offset === undefined ? "" : ` at byte ${offset}`;
  return `${DEEDS[kind].toUpperCase()}${where}: ${shorten(detail, TEXT_LIMIT)}`;
}
