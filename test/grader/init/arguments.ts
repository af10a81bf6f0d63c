/** The arguments that a program takes, told from its source or from the usage that it prints. */

import type { Side } from "../model/direction.ts";
import { chooseWord, lineFor } from "./answers.ts";
import type { LanguageName } from "./languages.ts";
import { stringsIn } from "./literals.ts";
import { type Role, roleOf } from "./roles.ts";
import type { Source } from "./sources.ts";

/** One argument by its place. */
interface Slot {
  role: Role | undefined;
  isNumber: boolean;
  /** Words that the program compares it with. */
  words: string[];
}

interface Option {
  flag: string;
  role: Role | undefined;
  isRequired: boolean;
  /** A flag without a value. */
  isSwitch: boolean;
  words: string[];
}

/** How a language reaches the argument number N, and what number its first has. */
const POSITIONS: Partial<Record<LanguageName, { pattern: RegExp; first: number; list: RegExp }>> = {
  Python: {
    pattern: /(?:sys\.)?argv\[(\d)\]/g,
    first: 1,
    list: /([\w, ]+)=\s*(?:sys\.)?argv(?:\[1:\d?\])?\s*$/m,
  },
  Java: { pattern: /\barg(?:s|v)\[(\d)\]/g, first: 0, list: /(?!)/ },
  "C#": { pattern: /\bargs\[(\d)\]/g, first: 0, list: /(?!)/ },
  JavaScript: {
    pattern: /process\.argv\[(\d)\]/g,
    first: 2,
    list: /\[([\w, ]+)\]\s*=\s*process\.argv(?:\.slice\(2\))?/,
  },
  TypeScript: {
    pattern: /process\.argv\[(\d)\]/g,
    first: 2,
    list: /\[([\w, ]+)\]\s*=\s*process\.argv(?:\.slice\(2\))?/,
  },
  C: { pattern: /\bargv\[(\d)\]/g, first: 1, list: /(?!)/ },
  "C++": { pattern: /\bargv\[(\d)\]/g, first: 1, list: /(?!)/ },
  Go: { pattern: /\bos\.Args\[(\d)\]/g, first: 1, list: /(?!)/ },
  Perl: { pattern: /\$ARGV\[(\d)\]/g, first: 0, list: /my\s*\(([$\w, ]+)\)\s*=\s*@ARGV/ },
  Ruby: { pattern: /\bARGV\[(\d)\]/g, first: 0, list: /(?!)/ },
  PHP: { pattern: /\$argv\[(\d)\]/g, first: 1, list: /(?!)/ },
};
/** All arguments from number N on, joined. */
const REST = /\.join\s*\(\s*(?:sys\.)?argv\[(\d):\]|argv\.slice\((\d)\)\.join|\bjoin\s*\(?[^,]+,\s*@ARGV/;
const NUMBER = /\b(?:int|float|atoi|strtol|htons|parseInt|Number|stoi|Atoi|ToInt32|Parse|intval|to_i)\b/;
const NUMERIC: readonly Role[] = ["port", "number", "size", "prime", "other prime", "key", "choice", "mode"];
const HOST_CALL = /inet_\w+\s*\([^)]*$|gethostbyname\s*\(\s*$|getaddrinfo\s*\(\s*$|inet_aton\s*\(\s*$/;
const OPTION_CALL = /(?:add_argument|click\.option|click\.argument)\s*\(((?:[^()]|\([^()]*\))*)\)/g;
const GO_FLAG = /\bflag\.(?:String|Int|Bool)(?:Var)?\(\s*(?:&\w+,\s*)?"([\w-]+)"/g;
/** An argument of a usage line: `<host>`, `[port]`, `PORT`, `host`. */
const USAGE = /usage:?\s*(.*)|^\S+\.(?:py|js|pl|rb|php|jar)\s+(.*<.+>.*)$/im;
const USAGE_ARGUMENT = /^[<[]?\s*([A-Za-z][\w -]*?)\s*[\]>]?(?:\.\.\.)?$/;
const PROGRAM_WORD =
  /^(?:python\d?|java|node|perl|go|run|ruby|php|sudo|\.\/.*|%s|\S*\.(?:py|java|js|ts|pl|go|rb|php|exe|out|c|cpp))$/;

/** Returns the arguments for a program of `side`, with placeholders; empty if it takes none. */
export function argumentsFor(source: Source, side: Side): string[] {
  return [...optionsFor(source, side), ...fill(slotsIn(source), side)];
}

/** Returns the arguments that a printed usage line asks for; undefined without one. */
export function argumentsOfUsage(output: string, side: Side): string[] | undefined {
  const line = USAGE.exec(output)
    ?.slice(1)
    .find((text) => text !== undefined);
  if (line === undefined) return undefined;
  const words = line
    .replaceAll(/([<[])([^>\]]*)[>\]]/g, (_, open: string, name: string) =>
      // an option in brackets may be left out
      open === "[" && name.startsWith("-") ? "" : `<${name.trim().replaceAll(" ", "-")}>`,
    )
    .split(/\s+/)
    .filter((word) => word !== "" && !PROGRAM_WORD.test(word));
  const flags = new Map<number, string>();
  const slots: Slot[] = [];
  for (const word of words) {
    const name = USAGE_ARGUMENT.exec(word)?.[1];
    if (word.startsWith("-")) flags.set(slots.length, word);
    else if (name !== undefined) slots.push({ role: roleOf(name), isNumber: false, words: [] });
  }
  // the first word is the program's name, unless it stands in brackets or after an option
  const isName = slots.length > 0 && slots[0]?.role === undefined && !flags.has(0);
  if (slots.length === 0) return undefined;
  const values = fill(isName ? slots.slice(1) : slots, side);
  return values.flatMap((value, index) => {
    const flag = flags.get(isName ? index + 1 : index);
    return flag === undefined ? [value] : [flag, value];
  });
}

function slotsIn(source: Source): Slot[] {
  const known = POSITIONS[source.language.name];
  if (!known) return [];
  const slots: Slot[] = [];
  const listed = known.list
    .exec(source.code)?.[1]
    ?.split(",")
    .map((name) => name.trim().replace(/^\$/, ""));
  // the whole list begins with the name of the program
  const names =
    listed?.[0] === "_" || listed?.[0] === "" || listed?.[0] === "script" ? listed.slice(1) : listed;
  const isListed = listed !== undefined && listed.length > 1;
  for (const name of isListed ? (names ?? []) : [])
    if (name !== "") slots.push({ role: roleOf(split(name)), isNumber: false, words: [] });
  for (const line of source.code.split("\n")) {
    const found = [...line.matchAll(known.pattern)];
    for (const [index, match] of found.entries()) {
      const at = Number(match[1]) - known.first;
      if (at < 0) continue;
      const own = slots[at] ?? { role: undefined, isNumber: false, words: [] };
      slots[at] = own;
      const before = line.slice(index === 0 ? 0 : (found[index - 1]?.index ?? 0) + 1, match.index);
      own.isNumber ||= NUMBER.test(before.slice(-16));
      const named = roleOf(split(variableOf(line, index, found.length)));
      if (!own.isNumber || named === undefined || NUMERIC.includes(named)) own.role ??= named;
      if (HOST_CALL.test(before)) own.role ??= "host";
      const compared = /^\s*(?:===?|!==?|\.equals\w*\(|in\b)(.*)/.exec(
        line.slice(match.index + match[0].length),
      );
      if (compared?.[1]) own.words.push(...stringsIn({ code: compared[1] }));
    }
  }
  const [rest, from = known.first, sliced = from] = REST.exec(source.code) ?? [];
  if (rest !== undefined)
    slots[Math.max(0, Number(sliced) - known.first)] ??= { role: "message", isNumber: false, words: [] };
  for (let at = 0; at < slots.length; at += 1) slots[at] ??= { role: undefined, isNumber: false, words: [] };
  return slots;
}

/** Returns the variable that argument number `index` on a line is assigned to. */
function variableOf(line: string, index: number, count: number): string {
  const left = /^(.*?[^=!<>])=[^=]/.exec(line)?.[1] ?? "";
  const names = left.split(",");
  const name = (count === 1 ? names.at(-1) : names[index]) ?? "";
  // the field of a structure says more than its name
  return name.split(/\.|->/).at(-1) ?? "";
}

/** Turns `serverPort` into `server Port`. */
function split(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[^\p{L}\d]+/gu, " ")
    .trim();
}

function fill(slots: readonly Slot[], side: Side): string[] {
  const given = new Set(slots.map(({ role }) => role));
  return slots.map(({ role, isNumber, words }) => {
    if (words.length > 0) return chooseWord(words, side);
    const chosen = role ?? guess(given, isNumber, side);
    given.add(chosen);
    return lineFor(chosen, side);
  });
}

function guess(given: ReadonlySet<Role | undefined>, isNumber: boolean, side: Side): Role {
  if (isNumber) return given.has("port") ? "number" : "port";
  return side === "client" && !given.has("host") ? "host" : "message";
}

function optionsFor(source: Source, side: Side): string[] {
  return optionsIn(source).flatMap(({ flag, role, isRequired, isSwitch, words }) => {
    if (isSwitch) return isFlagOf(flag, side) ? [flag] : [];
    const value = words.length > 0 ? chooseWord(words, side) : lineFor(role ?? "message", side);
    if (!flag.startsWith("-")) return [value];
    const isWanted = isRequired || role === "message" || (words.length > 0 && words.includes(side));
    return isWanted ? [flag, value] : [];
  });
}

function isFlagOf(flag: string, side: Side): boolean {
  const pattern = side === "server" ? /^--?(?:s|l|server|listen|host)$/ : /^--?(?:c|client|connect)$/;
  return pattern.test(flag);
}

function optionsIn({ code, language }: Source): Option[] {
  if (language.name === "Go")
    return [...code.matchAll(GO_FLAG)].map(([, name = ""]) => ({
      flag: `-${name}`,
      role: roleOf(name),
      isRequired: false,
      isSwitch: false,
      words: [],
    }));
  return [...code.matchAll(OPTION_CALL)].flatMap(([, call = ""]) => {
    const names = /^\s*((?:["'][^"']*["']\s*,?\s*)+)/.exec(call)?.[1] ?? "";
    const flags = stringsIn({ code: names });
    const flag = flags.find((name) => name.startsWith("--")) ?? flags[0];
    if (flag === undefined) return [];
    const help = stringsIn({ code: /\bhelp\s*=\s*(.*)/s.exec(call)?.[1] ?? "" })[0] ?? "";
    const choices = /\bchoices\s*=\s*[[(]([^\])]*)/.exec(call)?.[1] ?? "";
    return [
      {
        flag,
        role: roleOf(split(flag)) ?? roleOf(help),
        isRequired: /\brequired\s*=\s*True/.test(call),
        isSwitch: /store_(?:true|false)|is_flag/.test(call),
        words: stringsIn({ code: choices }),
      },
    ];
  });
}
