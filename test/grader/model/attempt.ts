/** What a check tried, and what became of it: a pass says what it withstood. */

/**
 * - refused: by a complaint, a closed connection, or silence
 * - unnoticed: it made no difference, as where bytes carry no meaning
 * - crashed: the program was killed by a signal; it counts as refused, since others work afterwards
 * - found nothing: a search
 */
export type Fate =
  | "refused"
  | "unnoticed"
  | "crashed"
  | "found nothing"
  | "sound"
  | "kept"
  | "different"
  | "arrived"
  | "served"
  | "survived";

export interface Attempt {
  /** A noun with a regular plural, such as `alteration` or `recorded session`. */
  what: string;
  became: Fate;
}

/** Returns `count` attempts of the same kind. */
export function attempts(what: string, became: Fate, count = 1): Attempt[] {
  return Array.from({ length: count }, () => ({ what, became }));
}

/** Returns a line such as `14 alterations, 3 duplicates: all refused; 1 alteration: unnoticed`. */
export function describeAttempts(all: readonly Attempt[]): string {
  const fates = [...new Set(all.map(({ became }) => became))];
  return fates
    .map((fate) => {
      const same = all.filter(({ became }) => became === fate);
      const kinds = [...new Set(same.map(({ what }) => what))].map((kind) => {
        const count = same.filter(({ what }) => what === kind).length;
        return `${count} ${kind}${count === 1 ? "" : "s"}`;
      });
      return `${kinds.join(", ")}: ${same.length > 1 && fate !== "found nothing" ? "all " : ""}${fate}`;
    })
    .join("; ");
}
