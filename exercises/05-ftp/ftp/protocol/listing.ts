/** Entries of a folder as LIST shows them to people, and as MLSD and MLST state their facts (RFC 3659 §7). All times are in UTC. */
import type { Entry } from "../storage/storage.ts";
import { formatTime } from "./time.ts";

/** The facts that there are, in the order of FEAT. */
export const FACTS = ["type", "size", "modify", "perm", "unique", "UNIX.mode"] as const;
export type Fact = (typeof FACTS)[number];

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HALF_A_YEAR = 182 * 24 * 3600 * 1000;

/** Who asks: what he may do is one of the facts. */
export interface Reader {
  readOnly: boolean;
}

/**
 * Returns the line of LIST for `entry`, as `ls -l` prints it; owner and group are always `ftp`, since those of the host are none
 * of the client's business.
 */
export function formatLong({ name, kind, size, modified, mode }: Entry, now = new Date()): string {
  const month = MONTHS[modified.getUTCMonth()];
  const day = String(modified.getUTCDate()).padStart(2);
  const age = now.getTime() - modified.getTime();
  const isRecent = age >= 0 && age < HALF_A_YEAR;
  const time = isRecent ? modified.toISOString().slice(11, 16) : ` ${modified.getUTCFullYear()}`;
  const permissions = `${kind === "folder" ? "d" : "-"}${formatMode(mode)}`;
  return `${permissions} 1 ftp ftp ${String(size).padStart(12)} ${month} ${day} ${time} ${name}`;
}

/** Returns the facts of `entry`, those of `facts`, and its name behind them. */
export function formatFacts(entry: Entry, facts: ReadonlySet<Fact>, reader: Reader): string {
  const { kind, size, modified, unique, mode, name } = entry;
  const values: Record<Fact, string | undefined> = {
    type: kind === "folder" ? "dir" : "file",
    // of a folder, the size says nothing
    size: kind === "folder" ? undefined : String(size),
    modify: formatTime(modified),
    perm: permissionsOf(entry, reader),
    unique,
    "UNIX.mode": (mode & 0o777).toString(8).padStart(4, "0"),
  };
  const shown = FACTS.filter((fact) => facts.has(fact) && values[fact] !== undefined);
  return `${shown.map((fact) => `${fact}=${values[fact]};`).join("")} ${name}`;
}

/** Returns the facts that OPTS MLST asks for: those of its list, divided by semicolons, that there are. */
export function parseFacts(list: string): Set<Fact> {
  const wanted = new Set(list.toLowerCase().split(";"));
  return new Set(FACTS.filter((fact) => wanted.has(fact.toLowerCase())));
}

/** What may be done with `entry` (RFC 3659 §7.5.5). */
function permissionsOf({ kind }: Entry, { readOnly }: Reader): string {
  if (kind === "folder") return readOnly ? "el" : "cdeflmp";
  return readOnly ? "r" : "adfrw";
}

function formatMode(mode: number): string {
  return [6, 3, 0]
    .map((shift) => {
      const bits = (mode >> shift) & 7;
      return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
    })
    .join("");
}
