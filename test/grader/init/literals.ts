/** The texts, addresses and names of files that a source spells out. */
import type { Source } from "./sources.ts";

const STRING = /("""|''')([\s\S]*?)\1|"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`/g;
/** What stands for a value in a text: `{name}`, `${name}`, `%d`, `%-8.2f`. */
const HOLE = /\$?\{[^{}]*\}|%[-+ 0#]*\d*(?:\.\d+)?[a-zA-Z]/;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g;
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "0": "\0", "\n": "" };
const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
const HERE = /^(?:127\.|0\.0\.0\.0$|255\.)/;
const FILE_NAME = /^[\w-][\w .-]*(?:\/[\w .-]+)*\.\w{1,8}$/;
/** A shorter text may turn up by chance. */
const MIN_TEXT = 4;

/** Returns the strings of a source, with their escapes decoded. */
export function stringsIn({ code }: Pick<Source, "code">): string[] {
  return [...code.matchAll(STRING)].map(([, , block, double, single, template]) =>
    (block ?? double ?? single ?? template ?? "").replace(
      ESCAPE,
      (_, byte?: string, unit?: string, other = "") => {
        const number = byte ?? unit;
        return number === undefined
          ? (ESCAPES[other] ?? other)
          : String.fromCharCode(Number.parseInt(number, 16));
      },
    ),
  );
}

/** Returns the addresses of other machines that the sources name: IPv4, without this machine. */
export function addressesIn(sources: readonly Source[]): string[] {
  const found = sources.flatMap(stringsIn).filter((text) => IPV4.test(text) && !HERE.test(text));
  return [...new Set(found)].filter((text) => text.split(".").every((part) => Number(part) < 256));
}

/** Returns the names of files that the sources mention. */
export function fileNamesIn(sources: readonly Source[]): string[] {
  const found = sources.flatMap(stringsIn).map((text) => text.replace(/^\.\//, ""));
  return [...new Set(found)].filter((text) => FILE_NAME.test(text) && !IPV4.test(text));
}

/**
 * Returns the longest line that `sender` spells out, that `printed` contains, and that `receiver`
 * does not spell out itself; undefined if there is none.
 */
export function fixedText(
  sender: readonly Source[],
  printed: string,
  receiver: readonly Source[],
): string | undefined {
  const own = receiver.flatMap(stringsIn).join("\0");
  const pieces = sender
    .flatMap(stringsIn)
    .flatMap((text) => text.split("\n"))
    .flatMap((line) => line.split(HOLE))
    .map((piece) => piece.trim());
  return pieces
    .filter((piece) => piece.length >= MIN_TEXT && /\p{L}{2}/u.test(piece))
    .filter((piece) => printed.includes(piece) && !own.includes(piece))
    .toSorted((a, b) => b.length - a.length)[0];
}
