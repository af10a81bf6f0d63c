/**
 * How a program shows a text that it received, learnt from plain exchanges, and what it showed in
 * the same place when an exchange was attacked.
 *
 * A failure needs proof. If the program shows an error message, a stack trace or nothing there, it
 * refused the text. If it shows garbled bytes, or a text that has much in common with the genuine
 * one, it accepted that.
 */

/** Characters around a text that may belong to the pattern. */
const CONTEXT = 40;
/** Characters in a row that two random texts do not have in common by chance. */
const SHARED = 6;
/** Characters around a text within a line that do not occur elsewhere by chance. */
const MIN_TOKENS = 4;
const TOKEN = /((?:[0-9a-f]{2}:){4,}[0-9a-f]{2}|[0-9a-f]{12,}|[A-Za-z0-9_]{24,})|(\d+)|[\s\S]/giu;
const ANY_RUN = "\\S+";
const ANY_NUMBER = "\\d+";
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/;
const CONTROLS: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
const MIN_TRUNCATED = 8;
const GARBLED_SHARE = 0.25;

/** What precedes and follows a text in its line, as regular expressions. */
interface OutputPattern {
  before: string;
  after: string;
  /** They are so short that they match in many places. */
  isBare: boolean;
  /**
   * Garbled values in the same place in a plain exchange, such as a ciphertext that is printed too.
   */
  garbled: number;
}

export type Observation =
  | { kind: "nothing" }
  /** The genuine text, shown as usual. */
  | { kind: "unchanged" }
  /** Another text in the same place. */
  | { kind: "altered" | "truncated" | "garbled"; value: string };

/** Counts the occurrences of `text` in `output`. */
export function count(output: string, text: string): number {
  return text === "" ? 0 : output.split(text).length - 1;
}

/** How one program shows the texts that it receives. */
export class OutputPatterns {
  readonly #patterns: OutputPattern[];
  /** How often the program prints a text that it receives once. */
  readonly times: number;

  /**
   * Learns from plain exchanges: the text that the program received, and its whole output.
   *
   * A pattern is what two exchanges with different texts have in common around them. A ciphertext
   * or a digest beside a text is not part of it.
   */
  constructor(samples: readonly { text: string; output: string }[]) {
    const [first = [], ...others] = samples.map(contextsIn);
    const alike = others.filter(({ length }) => length === first.length);
    const located = (runs: readonly Context[][]) =>
      first.flatMap((context, index) => {
        const pattern = patternOf([context, ...runs.flatMap((contexts) => contexts[index] ?? [])]);
        return pattern ? [pattern] : [];
      });
    const found = [located(alike), located([])].find(({ length }) => length > 0) ?? [];
    const patterns = new Map(found.map((pattern) => [JSON.stringify(pattern), pattern]));
    this.#patterns = [...patterns.values()].map((pattern) => ({
      ...pattern,
      garbled: garbledIn(pattern, samples[0]),
    }));
    this.times = Math.max(0, ...samples.map(({ text, output }) => count(output, text)));
  }

  /**
   * Says what `output` shows where `text` usually is.
   *
   * A program may show a text in several places, such as a trace of its steps and the message
   * itself. It has accepted a text only if it shows that text in all of them.
   *
   * @param wire all bytes that passed, as Latin-1; bytes printed as they passed are no text
   */
  observe(output: string, text: string, wire = ""): Observation {
    if (this.#patterns.length === 0) return { kind: "nothing" };
    let weakest: Observation | undefined;
    for (const pattern of this.#patterns) {
      const kinds = valuesOf(pattern, output).map((value) =>
        judge(value, text, { bare: pattern.isBare, wire }),
      );
      const garbled = kinds.filter(({ kind }) => kind === "garbled").length;
      const best = kinds
        .filter(({ kind }) => kind !== "garbled" || garbled > pattern.garbled)
        .toSorted((a, b) => RANK[b.kind] - RANK[a.kind])[0];
      if (!best || best.kind === "nothing") return { kind: "nothing" };
      if (!weakest || RANK[best.kind] < RANK[weakest.kind]) weakest = best;
    }
    return weakest ?? { kind: "nothing" };
  }
}

/** How much each observation proves. */
const RANK: Record<Observation["kind"], number> = {
  nothing: 0,
  unchanged: 1,
  garbled: 2,
  truncated: 3,
  altered: 4,
};

function judge(value: string, text: string, { bare, wire }: { bare: boolean; wire: string }): Observation {
  const trimmed = value.trim();
  if (trimmed === text) return { kind: "unchanged" };
  // the genuine text with a remark proves nothing either way
  if (trimmed.includes(text)) return { kind: "nothing" };
  if (trimmed.length >= MIN_TRUNCATED && text.startsWith(trimmed))
    return { kind: "truncated", value: trimmed };
  const shared = longestShared(trimmed, text);
  const inPlace = samePlaces(trimmed, text);
  const enough = Math.max(SHARED, text.length / 8);
  const fits = !bare || (trimmed.length <= text.length + 16 && shared >= trimmed.length / 4);
  if (fits && (shared >= enough || (inPlace >= enough && inPlace >= trimmed.length / 2)))
    return { kind: "altered", value: trimmed };
  const isCaptured = wire.includes(trimmed) || wire.includes(unescaped(trimmed));
  if (!bare && looksGarbled(value) && !isCaptured) return { kind: "garbled", value: trimmed };
  return { kind: "nothing" };
}

/** Returns the bytes that Python and others print as `b'\\x8f\\n'`, as Latin-1. */
function unescaped(value: string): string {
  const inner = /^b?(['"])(.*)\1$/s.exec(value)?.[2] ?? value;
  return inner.replaceAll(
    /\\(?:x([0-9a-f]{2})|(.))/gis,
    (_, hex: string | undefined, letter: string | undefined) =>
      hex === undefined
        ? (CONTROLS[letter ?? ""] ?? letter ?? "")
        : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Says whether a quarter of `value` looks like random bytes, and it has no two words in a row. */
export function looksGarbled(value: string): boolean {
  const units = value.match(/\\x[0-9a-f]{2}|\\u\{?[0-9a-f]+\}?|./gisu) ?? [];
  const garbled = units.filter((unit) => /^(?:\\x|\\u|[\ufffd\p{Co}\p{Cn}]|(?![\t\n\r])\p{Cc})/iu.test(unit));
  if (/[a-z]{3,} [a-z]{3,}/i.test(value)) return false;
  return garbled.length >= 3 && garbled.length >= units.length * GARBLED_SHARE;
}

/** The length of the longest substring that both have in common. */
function longestShared(a: string, b: string): number {
  let longest = 0;
  for (let at = 0; at + longest < b.length; at += 1)
    while (at + longest < b.length && a.includes(b.slice(at, at + longest + 1))) longest += 1;
  return longest;
}

/** The number of positions at which both have the same character. */
function samePlaces(a: string, b: string): number {
  const other = [...b];
  return [...a].filter((character, at) => character === other[at]).length;
}

/** Returns what `output` has wherever the pattern matches. */
function valuesOf({ before, after }: Pick<OutputPattern, "before" | "after">, output: string): string[] {
  const values: string[] = [];
  const start = new RegExp(before === "" ? "^" : before, "gm");
  const end = new RegExp(`${after}\\r?(?:\\n|$)`);
  for (const match of output.matchAll(start)) {
    const rest = output.slice(match.index + match[0].length);
    const length = rest.search(end);
    if (length > 0) values.push(rest.slice(0, length));
  }
  return values;
}

function garbledIn(
  pattern: Pick<OutputPattern, "before" | "after">,
  sample: { output: string } | undefined,
): number {
  return valuesOf(pattern, sample?.output ?? "").filter(looksGarbled).length;
}

/** What precedes and follows a text in its line. */
interface Context {
  before: string;
  after: string;
}

function contextsIn({ text, output }: { text: string; output: string }): Context[] {
  const contexts: Context[] = [];
  for (const line of output.split(/\r?\n|\r/))
    for (let at = line.indexOf(text); at >= 0 && text !== ""; at = line.indexOf(text, at + text.length))
      contexts.push({ before: line.slice(0, at), after: line.slice(at + text.length) });
  return contexts;
}

/**
 * Returns what the contexts of one place in several exchanges have in common; undefined if that
 * does not say where a text is.
 */
function patternOf(contexts: readonly Context[]): Omit<OutputPattern, "garbled"> | undefined {
  const befores = contexts.map(({ before }) => generalise(before.slice(-CONTEXT)).toReversed());
  const afters = contexts.map(({ after }) => generalise(after.slice(0, CONTEXT)));
  const [before, after] = [commonStart(befores).toReversed(), commonStart(afters)];
  const isWholeLine = (tokens: string[][], common: string[], part: keyof Context) =>
    tokens.every(({ length }) => length === common.length) &&
    contexts.every((context) => context[part].length <= CONTEXT);
  const fromStart = isWholeLine(befores, before, "before");
  const toEnd = isWholeLine(afters, after, "after");
  // if the rest differs each time, a number that all have in common is chance
  const differ = contexts.length > 1;
  if (differ && !fromStart) before.splice(0, 1 + before.findLastIndex(isGeneral));
  if (differ && !toEnd && after.some(isGeneral)) after.splice(after.findIndex(isGeneral));
  if ((before.length === 0 && !fromStart) || (after.length === 0 && !toEnd)) return undefined;
  const tokens = before.length + after.length;
  return {
    before: `${fromStart && before.length > 0 ? "^" : ""}${before.join("")}`,
    after: `${after.join("")}${toEnd ? "" : ".*"}`,
    isBare: tokens === 0 || (!fromStart && tokens < MIN_TOKENS),
  };
}

/** Splits a context into expressions: numbers, keys and the like may differ in another exchange. */
function generalise(context: string): string[] {
  return [...context.matchAll(TOKEN)].map(([token, long, digits]) =>
    long !== undefined ? ANY_RUN : digits !== undefined ? ANY_NUMBER : token.replace(SPECIAL, "\\$&"),
  );
}

function isGeneral(token: string): boolean {
  return token === ANY_RUN || token === ANY_NUMBER;
}

function commonStart(lists: readonly string[][]): string[] {
  const [first = [], ...others] = lists;
  const length = first.findIndex((token, index) => others.some((other) => other[index] !== token));
  return length < 0
    ? first.slice(0, Math.min(first.length, ...others.map((other) => other.length)))
    : first.slice(0, length);
}
