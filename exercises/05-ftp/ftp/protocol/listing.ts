/**
 * Files in listings, both ways: the facts of MLSD and MLST (RFC 3659 §7), and the lines of LIST.
 *
 * LIST has no standard. The server writes it as `ls -l` does; the client also reads the form of
 * MS-DOS. All times are in UTC.
 */
import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { splitLines } from "../../../../lib/bytes/lines.ts";
import { formatSize } from "../../../../lib/bytes/printable.ts";

/** A file or folder, as the server knows it. */
export interface Entry {
  name: string;
  kind: "file" | "folder";
  /** Bytes; 0 for a folder. */
  size: number;
  /** Undefined unless 14 digits can state it: from year 1 to 9999 (RFC 3659 §2.3). */
  modified: Date | undefined;
  /** Permissions, as for `chmod`. */
  mode: number;
  /**
   * Identifies the file while the process runs (RFC 3659 §7.5.2), and reveals nothing about the
   * host.
   */
  unique: string;
}

/** A file or folder, as a client reads it in a listing. */
export interface RemoteEntry {
  name: string;
  kind: "file" | "folder" | "other";
  /** Bytes, if the server reports them. */
  size: number | undefined;
  /** Undefined if unknown; LIST does not state it exactly. */
  modified: Date | undefined;
}

export interface Listing {
  entries: RemoteEntry[];
  /** The number of lines that are malformed or not UTF-8, so that their names cannot be used. */
  unreadable: number;
  /** The bytes of its lines. */
  length: number;
}

/** All facts, in the order of FEAT. */
export const FACTS = ["type", "size", "modify", "perm", "unique", "UNIX.mode"] as const;
export type Fact = (typeof FACTS)[number];

/** Lines, and their bytes, of the longest listing that is read. */
export const ENTRIES_LIMIT = 200_000;
export const LISTING_LIMIT = 64 * 1024 * 1024;
/** Bytes of the longest line that is read. */
export const ENTRY_LINE_LIMIT = 8 * 1024;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const HALF_A_YEAR = 182 * 24 * 3600 * 1000;
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?$/;
const DATE = String.raw`(?:\p{L}[\p{L}.]+\s+\d{1,2}|\d{1,2}\.?\s+\p{L}[\p{L}.]+|\d{4}-\d\d-\d\d)`;
const CLOCK = String.raw`(?:\d{4}|\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: [+-]\d{4})?)`;
// owner and group may have spaces, or be missing; a device has two numbers instead of a size
const UNIX = new RegExp(
  String.raw`^([-dlbcpsD])[-rwxsStTlLx]{9}[.+@]?\s+\d+\s+\S+(?:\s+\S+){0,6}?\s+(\d+|\d+,\s*\d+)\s+${DATE}\s+${CLOCK} (.+)$`,
  "su",
);
const DOS = /^\d\d-\d\d-\d{2,4}\s+\d\d:\d\d(?:AM|PM)?\s+(?:(<DIR>|<JUNCTION>)|(\d+))\s+(.+)$/;
// in the language of the server: "total 12K", "insgesamt 12"
const TOTAL = /^\p{L}+:? [\d.,]+[KMGTP]?\s*$/u;
const FACT = /^([^=;\s]+)=(.*)$/s;

/** Returns `date` if 14 digits can state it; otherwise undefined. */
export function asStatable(date: Date): Date | undefined {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date : undefined;
}

/**
 * Returns `date`, to the second, as MDTM, MFMT and facts have it (RFC 3659 §2.3): `YYYYMMDDHHMMSS`.
 */
export function formatTime(date: Date): string {
  return date.toISOString().replaceAll(/\.\d+Z$|[-:T]/g, "");
}

/**
 * Returns the time that `text` states, with an optional fraction `.sss`; undefined if it is
 * invalid.
 */
export function parseTime(text: string): Date | undefined {
  const [, ...parts] = TIME.exec(text) ?? [];
  const [year, month, day, hour, minute, second, fraction = ""] = parts;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0")}Z`);
  // 30 February would become 1 March
  return asStatable(date) && formatTime(date) === text.slice(0, 14) ? date : undefined;
}

/**
 * Returns the line of LIST for `entry`. Owner and group are always `ftp`: those of the host are
 * private. Shows a time that cannot be stated as that of 1970.
 */
export function formatLong(entry: Entry, now = new Date()): string {
  const { name, kind, size, mode, modified = new Date(0) } = entry;
  const month = MONTHS[modified.getUTCMonth()];
  const day = String(modified.getUTCDate()).padStart(2);
  const age = now.getTime() - modified.getTime();
  const isRecent = age >= 0 && age < HALF_A_YEAR;
  const time = isRecent ? modified.toISOString().slice(11, 16) : ` ${modified.toISOString().slice(0, 4)}`;
  const permissions = `${kind === "folder" ? "d" : "-"}${formatMode(mode)}`;
  return `${permissions} 1 ftp ftp ${String(size).padStart(12)} ${month} ${day} ${time} ${name}`;
}

function formatMode(mode: number): string {
  return [6, 3, 0]
    .map((shift) => {
      const bits = (mode >> shift) & 7;
      return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
    })
    .join("");
}

/** Returns the selected `facts` of `entry`, followed by its name. */
export function formatFacts(
  { kind, size, modified, unique, mode, name }: Entry,
  facts: ReadonlySet<Fact>,
  { readOnly }: { readOnly: boolean },
): string {
  const isFolder = kind === "folder";
  const values: Record<Fact, string | undefined> = {
    type: isFolder ? "dir" : "file",
    size: isFolder ? undefined : String(size),
    modify: modified && formatTime(modified),
    // RFC 3659 §7.5.5
    perm: isFolder ? (readOnly ? "el" : "cdeflmp") : readOnly ? "r" : "adfrw",
    unique,
    "UNIX.mode": (mode & 0o777).toString(8).padStart(4, "0"),
  };
  const shown = FACTS.filter((fact) => facts.has(fact) && values[fact] !== undefined);
  return `${shown.map((fact) => `${fact}=${values[fact]};`).join("")} ${name}`;
}

/** Returns the known facts in the argument of OPTS MLST: names separated by semicolons. */
export function parseFacts(list: string): Set<Fact> {
  const wanted = new Set(list.toLowerCase().split(";"));
  return new Set(FACTS.filter((fact) => wanted.has(fact.toLowerCase())));
}

/**
 * Returns the entry in a line of MLSD or MLST; undefined for the folder itself and its parent.
 *
 * @throws Error if the line is malformed, or does not say what the entry is
 */
export function parseMachineLine(line: string): RemoteEntry | undefined {
  const space = line.indexOf(" ");
  const name = line.slice(space + 1);
  const words = line.slice(0, Math.max(0, space)).replace(/;$/, "").split(";");
  const facts = new Map(
    words.map((word) => {
      const [, key, value = ""] = FACT.exec(word) ?? [];
      if (key === undefined) throw malformed();
      return [key.toLowerCase(), value] as const;
    }),
  );
  const type = facts.get("type")?.toLowerCase();
  if (name === "" || !type) throw malformed();
  if (type === "cdir" || type === "pdir") return undefined;
  const kind = type === "file" ? "file" : type === "dir" ? "folder" : "other";
  const size = facts.get("size") ?? facts.get("sizd");
  return { name, kind, size: parseSize(size), modified: parseTime(facts.get("modify") ?? "") };
}

/**
 * Returns the entry in a line of LIST; undefined for a line without one.
 *
 * @throws Error if it is malformed
 */
export function parseListLine(line: string): RemoteEntry | undefined {
  if (TOTAL.test(line)) return undefined;
  const unix = UNIX.exec(line);
  if (unix) {
    const [, type, size, shown = ""] = unix;
    const name = type === "l" ? shown.replace(/ -> .*$/, "") : shown;
    if (name === "." || name === "..") return undefined;
    const kind = type === "-" ? "file" : type === "d" ? "folder" : "other";
    return { name, kind, size: kind === "file" ? parseSize(size) : undefined, modified: undefined };
  }
  const [, folder, size, name] = DOS.exec(line) ?? [];
  if (name === undefined) throw malformed();
  if (name === "." || name === "..") return undefined;
  return { name, kind: folder ? "folder" : "file", size: parseSize(size), modified: undefined };
}

/**
 * Reads a whole listing.
 *
 * @param parse `parseMachineLine` or `parseListLine`
 * @param limit bytes of all lines
 * @throws Error if a line is too long, or there are too many lines or bytes
 */
export async function readListing(
  stream: AsyncIterable<Bytes>,
  parse: (line: string) => RemoteEntry | undefined,
  limit = LISTING_LIMIT,
): Promise<Listing> {
  const entries: RemoteEntry[] = [];
  let lines = 0;
  let length = 0;
  let unreadable = 0;
  for await (const line of splitLines(stream, ENTRY_LINE_LIMIT, "the server's listing")) {
    lines += 1;
    length += line.length;
    if (lines > ENTRIES_LIMIT) throw new Error(`the server's listing has more than ${ENTRIES_LIMIT} lines`);
    if (length > limit) throw new Error(`the server's listing is longer than ${formatSize(limit)}`);
    if (line.length === 0) continue;
    try {
      const entry = parse(decodeUtf8(line));
      if (entry) entries.push(entry);
    } catch {
      unreadable += 1;
    }
  }
  return { entries, unreadable, length };
}

/**
 * Returns the size that `text` states; undefined if it states none, or one that is not a safe
 * integer.
 */
export function parseSize(text: string | undefined): number | undefined {
  const size = /^\d{1,16}$/.test(text ?? "") ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

function malformed(): Error {
  return new Error("malformed line in the server's listing");
}
