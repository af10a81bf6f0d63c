/**
 * The placeholders of a manifest: {message}, {reply}, {host} and {port}; in 05 {put} and {get},
 * which are names of files.
 */
import { nearestWord } from "../model/nearest-word.ts";

export type Fill = (text: string) => string;

const NAMES = ["message", "reply", "host", "port", "put", "get"];
const PLACEHOLDER = new RegExp(`\\{(${NAMES.join("|")})\\}`, "g");

/** Returns a function that fills in `values`, and leaves other placeholders as they are. */
export function fillIn(values: Record<string, string>): Fill {
  return (text) => text.replace(PLACEHOLDER, (whole, name: string) => values[name] ?? whole);
}

/** Returns the placeholders in `text`. */
export function placeholders(text: string): string[] {
  return text.match(PLACEHOLDER) ?? [];
}

/** Returns a misspelled placeholder in `text`, and the one that was probably meant. */
export function misspelled(text: string): { written: string; meant: string } | undefined {
  for (const [written, word = ""] of text.matchAll(/\{(\w+)\}/g)) {
    const meant = NAMES.includes(word) ? undefined : nearestWord(word, NAMES);
    if (meant !== undefined) return { written, meant: `{${meant}}` };
  }
  return undefined;
}
