/** The steps of an exchange: which of them are shown when there are many, and each in words. */
import type { Attack, AttackKind, PrintedRung, Rung } from "../report.ts";
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
export function outputVerb(stream: PrintedRung["stream"]): string {
  return { stdout: "prints", stderr: "prints on stderr", file: "stores a file" }[stream];
}

/** Rungs that are left out. */
export interface Gap {
  type: "gap";
  count: number;
  text: string;
}

/** Says whether `rung` is what the evidence is about. */
export function isImportant(rung: Rung): boolean {
  return (
    (rung.type === "frame" && rung.attack !== undefined) || (rung.type === "printed" && rung.bad === true)
  );
}

/**
 * Returns what is shown of `rungs`: how the exchange begins and ends, and whatever is attacked or wrong, with its neighbours.
 *
 * Never more than `limit` and twice 60 with their neighbours; a gap says how many rungs it stands for, and how many of those
 * are attacked.
 */
export function elide(rungs: readonly Rung[], limit = RUNG_LIMIT): (Rung | Gap)[] {
  if (rungs.length <= limit) return [...rungs];
  const important = rungs.flatMap((rung, index) => (isImportant(rung) ? [index] : []));
  const kept = new Set(
    important.length <= IMPORTANT_LIMIT
      ? important
      : [...important.slice(0, IMPORTANT_LIMIT / 2), ...important.slice(-IMPORTANT_LIMIT / 2)],
  );
  for (const index of [...kept]) for (const near of [index - 1, index + 1]) if (near in rungs) kept.add(near);
  const half = Math.max(3, Math.floor((limit - Math.min(kept.size, limit)) / 2));
  rungs.forEach((_, index) => {
    if (index < half || index >= rungs.length - half) kept.add(index);
  });

  const shown: (Rung | Gap)[] = [];
  let gap: Rung[] = [];
  const close = () => {
    const [only] = gap;
    if (only !== undefined) shown.push(gap.length === 1 ? only : describeGap(gap));
    gap = [];
  };
  rungs.forEach((rung, index) => {
    if (!kept.has(index)) gap.push(rung);
    else {
      close();
      shown.push(rung);
    }
  });
  close();
  return shown;
}

function describeGap(rungs: readonly Rung[]): Gap {
  const frames = rungs.filter((rung) => rung.type === "frame");
  const length = frames.reduce((sum, rung) => sum + rung.length, 0);
  const printed = rungs.filter((rung) => rung.type === "printed").length;
  const bad = rungs.filter(isImportant).length;
  const parts = [
    frames.length > 0 && `${counted(frames.length, "piece")} of ${counted(length, "byte")} together`,
    printed > 0 && `${counted(printed, "output")}`,
    bad > 0 && `${bad} of them attacked or wrong, like those shown`,
  ].filter((part) => part !== false);
  const what = parts.length > 0 ? `: ${parts.join(", ")}` : "";
  return { type: "gap", count: rungs.length, text: `${counted(rungs.length, "step")} more${what}` };
}

/** Returns `rung` as one line, without its time; what programs printed is not escaped yet. */
export function describeRung(rung: Rung | Gap): string {
  switch (rung.type) {
    case "connect":
      return rung.played === undefined
        ? `client connects to port ${rung.port} (connection ${rung.connection})`
        : `connection ${rung.connection} to port ${rung.port}: the harness plays the ${rung.played}`;
    case "frame":
      return `${rung.direction}, ${counted(rung.length, "byte")}${rung.attack ? `: ${describeAttack(rung.attack)}` : ""}`;
    case "end":
      return `${rung.direction}: end of stream`;
    case "reset":
      return `${rung.direction}: connection reset`;
    case "printed":
      return `${rung.side} ${outputVerb(rung.stream)}: ${shorten(rung.text, TEXT_LIMIT)}`;
    case "exit":
      return `${rung.side} ends: ${rung.ending}`;
    case "note":
      return shorten(rung.text, TEXT_LIMIT);
    case "gap":
      return `⋯ ${rung.text}`;
  }
}

/** Returns what was done to a frame, and where. */
export function describeAttack({ kind, offset, detail }: Attack): string {
  const where = offset === undefined ? "" : ` at byte ${offset}`;
  return `${DEEDS[kind].toUpperCase()}${where}: ${shorten(detail, TEXT_LIMIT)}`;
}
