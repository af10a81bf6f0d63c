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
const MIN_TRUNCATED = 8;
const GARBLED_SHARE = 0.25;

/** How a program shows a text: what stands before it and behind it in its line, as regular expressions. */
interface Way {
  before: string;
  after: string;
}

export type Shown =
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
export class Ways {
  readonly #ways: Way[];
  /** How often it prints a text that it received once. */
  readonly times: number;

  /** Learns from plain runs: the text that was received, and all that was printed. */
  constructor(samples: readonly { text: string; output: string }[]) {
    const ways = new Map<string, Way>();
    for (const { text, output } of samples)
      for (const line of output.split(/\r?\n|\r/))
        for (let at = line.indexOf(text); at >= 0 && text !== ""; at = line.indexOf(text, at + text.length)) {
          const way = {
            before: generalise(line.slice(0, at), true),
            after: generalise(line.slice(at + text.length), false),
          };
          ways.set(JSON.stringify(way), way);
        }
    this.#ways = [...ways.values()];
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
  shown(output: string, text: string, wire = ""): Shown {
    if (this.#ways.length === 0) return { kind: "nothing" };
    let weakest: Shown | undefined;
    for (const way of this.#ways) {
      const values = valuesOf(way, output);
      const bare = way.before === "" && way.after === "";
      const kinds = values.map((value) => judge(value, text, { bare, wire }));
      const best = kinds.toSorted((a, b) => RANK[b.kind] - RANK[a.kind])[0];
      if (!best || best.kind === "nothing") return { kind: "nothing" };
      if (!weakest || RANK[best.kind] < RANK[weakest.kind]) weakest = best;
    }
    return weakest ?? { kind: "nothing" };
  }
}

/** The more it proves, the higher. */
const RANK: Record<Shown["kind"], number> = {
  nothing: 0,
  unchanged: 1,
  garbled: 2,
  truncated: 3,
  altered: 4,
};

function judge(value: string, text: string, { bare, wire }: { bare: boolean; wire: string }): Shown {
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
  if (!bare && looksGarbled(value) && !wire.includes(trimmed)) return { kind: "garbled", value: trimmed };
  return { kind: "nothing" };
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
function valuesOf({ before, after }: Way, output: string): string[] {
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

/** Returns an expression for what stands beside a text: numbers, keys and the like may be others in another run. */
function generalise(context: string, before: boolean): string {
  const near = before ? context.slice(-CONTEXT) : context.slice(0, CONTEXT);
  const escaped = near.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  const general = escaped
    .replaceAll(/(?:[0-9a-f]{2}:){4,}[0-9a-f]{2}|[0-9a-f]{12,}|[A-Za-z0-9_]{24,}/gi, "\\S+")
    .replaceAll(/\d+/g, "\\d+");
  if (before) return context.length <= CONTEXT && general !== "" ? `^${general}` : general;
  return context.length <= CONTEXT ? general : `${general}.*`;
}
