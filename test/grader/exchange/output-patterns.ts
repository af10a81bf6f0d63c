/**
 * What a program printed: how it shows a text that it received, learnt from plain runs, and what stood in that place when
 * the exchange was attacked.
 *
 * A failure needs proof. An error message, a stack trace or silence in the place of the text is a refusal; another text
 * there, which shares much with the genuine one or is garbled bytes, was accepted.
 */

/** The longest stretch around a text that is taken to be part of how it is shown, in characters. */
const CONTEXT = 40;
/** Characters in a row that two random texts do not share by chance. */
const SHARED = 6;
/** Characters around a text, in the middle of a line, that do not stand anywhere by chance. */
const MIN_TOKENS = 4;
const TOKEN = /((?:[0-9a-f]{2}:){4,}[0-9a-f]{2}|[0-9a-f]{12,}|[A-Za-z0-9_]{24,})|(\d+)|[\s\S]/giu;
const ANY_RUN = "\\S+";
const ANY_NUMBER = "\\d+";
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/;
const CONTROLS: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
const MIN_TRUNCATED = 8;
const GARBLED_SHARE = 0.25;

/** How a program shows a text: what stands before it and behind it in its line, as regular expressions. */
interface OutputPattern {
  before: string;
  after: string;
  /** Whether they say so little that they stand in many places. */
  isBare: boolean;
  /** How much in a plain run looks garbled in the same place, such as a ciphertext that is printed too. */
  garbled: number;
}

export type Observation =
  | { kind: "nothing" }
  /** The genuine text, in the usual way. */
  | { kind: "unchanged" }
  /** Another text in its place. */
  | { kind: "altered" | "truncated" | "garbled"; value: string };

/** Counts how often `text` stands in `output`. */
export function count(output: string, text: string): number {
  return text === "" ? 0 : output.split(text).length - 1;
}

/** How one program shows what it received. */
export class OutputPatterns {
  readonly #patterns: OutputPattern[];
  /** How often it prints a text that it received once. */
  readonly times: number;

  /**
   * Learns from plain runs: the text that was received, and all that was printed.
   *
   * What two runs with other texts have in common around them is how they are shown; a ciphertext or a digest that stands beside
   * one is not.
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
   * Says what `output` shows in the place of `text`.
   *
   * A program that shows a text in several ways (as a trace of its steps, say, and then as the message) has accepted what
   * stands in all of them.
   *
   * @param wire whatever passed between the programs; a piece of that which is printed as it is was not received as text
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

/** The more it proves, the higher. */
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
  // the genuine text and a remark is neither this nor that
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

/** The bytes that Python and others show as `b'\\x8f\\n'`. */
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

/** Says whether a fourth of `value` or more is what random bytes look like, and it has no two words in a row. */
export function looksGarbled(value: string): boolean {
  const units = value.match(/\\x[0-9a-f]{2}|\\u\{?[0-9a-f]+\}?|./gisu) ?? [];
  const garbled = units.filter((unit) => /^(?:\\x|\\u|[\ufffd\p{Co}\p{Cn}]|(?![\t\n\r])\p{Cc})/iu.test(unit));
  if (/[a-z]{3,} [a-z]{3,}/i.test(value)) return false;
  return garbled.length >= 3 && garbled.length >= units.length * GARBLED_SHARE;
}

/** The length of the longest stretch that both have. */
function longestShared(a: string, b: string): number {
  let longest = 0;
  for (let at = 0; at + longest < b.length; at += 1)
    while (at + longest < b.length && a.includes(b.slice(at, at + longest + 1))) longest += 1;
  return longest;
}

/** The number of characters that stand at the same place in both. */
function samePlaces(a: string, b: string): number {
  const other = [...b];
  return [...a].filter((character, at) => character === other[at]).length;
}

/** What stands in `output` in the places where `way` shows a text. */
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

/** What stands around a text in its line. */
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

/** What `contexts`, of the same place in several runs, have in common; undefined when that says nothing of where a text stands. */
function patternOf(contexts: readonly Context[]): Omit<OutputPattern, "garbled"> | undefined {
  const befores = contexts.map(({ before }) => generalise(before.slice(-CONTEXT)).toReversed());
  const afters = contexts.map(({ after }) => generalise(after.slice(0, CONTEXT)));
  const [before, after] = [commonStart(befores).toReversed(), commonStart(afters)];
  const isWholeLine = (tokens: string[][], common: string[], part: keyof Context) =>
    tokens.every(({ length }) => length === common.length) &&
    contexts.every((context) => context[part].length <= CONTEXT);
  const fromStart = isWholeLine(befores, before, "before");
  const toEnd = isWholeLine(afters, after, "after");
  // where the rest is another each time, a number that both had is chance
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

/** Returns expressions for what stands beside a text, one behind the other: numbers, keys and the like may be others in another run. */
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
