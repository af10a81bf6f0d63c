/** Reads JSON that people write. */
import { readFileSync, statSync } from "node:fs";
import { formatSize } from "../../../lib/bytes/printable.ts";

/** The longest file that is read, in bytes. */
const SIZE_LIMIT = 1 << 20;

/**
 * Reads the JSON in the file `path`, with a byte order mark or without.
 *
 * @throws Error if it is missing or longer than 1 MiB, or that names the line
 */
export function readJson(path: string): unknown {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error("there is no such file");
  if (stat.size > SIZE_LIMIT)
    throw new Error(`expected at most ${formatSize(SIZE_LIMIT)}, got ${stat.size} bytes`);
  const text = readFileSync(path, "utf8").replace(/^\ufeff/, "");
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
    throw new Error(`line ${lineOfError(text, message)}: it is not JSON: ${message}`);
  }
}

/** Returns the line of an error of JSON.parse, which names a position unless the text ended. */
function lineOfError(text: string, message: string): number {
  const position = Number(/ at position (\d+)/.exec(message)?.[1] ?? text.length);
  return text.trimEnd().slice(0, position).split("\n").length;
}
