/**
 * What a server tells of its files: the lines of MLSD and MLST (RFC 3659 §7), and, of servers that do not have these, those
 * of LIST, which no standard describes: as `ls -l` prints them, or as MS-DOS does.
 */
import { type Bytes, decodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { splitLines } from "../../../../lib/bytes/lines.ts";
import { parseTime } from "./time.ts";

export interface RemoteEntry {
  name: string;
  kind: "file" | "folder" | "other";
  /** Bytes, where the server tells. */
  size: number | undefined;
  /** Where the server tells it exactly; LIST does not. */
  modified: Date | undefined;
}

/** Entries of the longest listing. */
export const ENTRIES_LIMIT = 200_000;
/** Bytes of the longest line of a listing. */
export const ENTRY_LINE_LIMIT = 8 * 1024;

const UNIX =
  /^([-dlbcps])[-rwxsStTlLx]{9}[.+@]?\s+\d+\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:[A-Z][a-z]{2}\s+\d{1,2}|\d{4}-\d\d-\d\d)\s+[\d:]{4,5} (.+)$/;
const DOS = /^\d\d-\d\d-\d{2,4}\s+\d\d:\d\d(?:AM|PM)?\s+(?:(<DIR>|<JUNCTION>)|(\d+))\s+(.+)$/;
const TOTAL = /^total \d+$/;

/** Returns the entry in a line of MLSD or MLST; undefined for the folder itself and the one above it. @throws Error when it is none */
export function parseMachineLine(line: string): RemoteEntry | undefined {
  const space = line.indexOf(" ");
  const name = line.slice(space + 1);
  if (space < 0 || name === "") throw malformed();
  const facts = new Map(
    line
      .slice(0, space)
      .split(";")
      .map((fact) => {
        const [key = "", ...value] = fact.split("=");
        return [key.toLowerCase(), value.join("=")] as const;
      }),
  );
  const type = facts.get("type")?.toLowerCase();
  if (type === "cdir" || type === "pdir") return undefined;
  const kind = type === "file" ? "file" : type === "dir" ? "folder" : "other";
  const size = facts.get("size") ?? facts.get("sizd");
  return { name, kind, size: parseSize(size), modified: parseTime(facts.get("modify") ?? "") };
}

/** Returns the entry in a line of LIST; undefined for what is none by design. @throws Error when it cannot be understood */
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

export interface Listing {
  entries: RemoteEntry[];
  /** Lines that are no entry, or not UTF-8, so that their names could not be sent back. */
  unreadable: number;
}

/**
 * Reads a whole listing.
 *
 * @param parse what a line is: `parseMachineLine` or `parseListLine`
 * @throws Error when a line is too long, or there are too many
 */
export async function readListing(
  stream: AsyncIterable<Bytes>,
  parse: (line: string) => RemoteEntry | undefined,
): Promise<Listing> {
  const entries: RemoteEntry[] = [];
  let lines = 0;
  let unreadable = 0;
  for await (const line of splitLines(stream, ENTRY_LINE_LIMIT, "the server's listing")) {
    lines += 1;
    if (lines > ENTRIES_LIMIT) throw new Error(`the server's listing has more than ${ENTRIES_LIMIT} lines`);
    if (line.length === 0) continue;
    try {
      const entry = parse(decodeUtf8(line));
      if (entry) entries.push(entry);
    } catch {
      unreadable += 1;
    }
  }
  return { entries, unreadable };
}

/** Returns the size that `text` says, if it says one that can be counted with. */
export function parseSize(text: string | undefined): number | undefined {
  const size = /^\d{1,16}$/.test(text ?? "") ? Number(text) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}

function malformed(): Error {
  return new Error("malformed line in the server's listing");
}
