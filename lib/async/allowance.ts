/** Limits what a program writes about each kind of event, and counts what it leaves out. */

/** Seconds for which a limit applies. */
export const PERIOD = 60;
/** Characters for each kind of event that clients cause without a login, all together. */
export const STRANGERS_LIMIT = 64 * 1024;

/** What was written about a kind in this period. */
interface Spending<Kind> {
  kind: Kind;
  characters: number;
  /** Events beyond the limit. */
  more: number;
}

/**
 * Lets through texts of each kind until they reach a number of characters. At the end of each
 * period, it reports how many more there were of each kind.
 */
export class Allowance<Kind extends string | object> {
  readonly #onMore: (kind: Kind, more: string) => void;
  readonly #spendings = new Map<string, Spending<Kind>>();
  #period: NodeJS.Timeout | undefined;

  /** @param onMore receives a kind of which texts were left out, and `and 1,204 more` */
  constructor(onMore: (kind: Kind, more: string) => void) {
    this.#onMore = onMore;
  }

  /**
   * Returns `format()`, a text about an event of this kind; undefined if `limit` characters are
   * used up.
   */
  spend(kind: Kind, limit: number, format: () => string): string | undefined {
    const key = JSON.stringify(kind);
    const spending = this.#spendings.get(key) ?? { kind, characters: 0, more: 0 };
    this.#spendings.set(key, spending);
    this.#period ??= setTimeout(() => this.endPeriod(), PERIOD * 1000).unref();
    if (spending.characters >= limit) {
      spending.more += 1;
      return undefined;
    }
    const text = format();
    spending.characters += text.length;
    return text;
  }

  /** Ends the period early, such as at the end of the program. */
  endPeriod(): void {
    clearTimeout(this.#period);
    this.#period = undefined;
    const spendings = [...this.#spendings.values()];
    this.#spendings.clear();
    for (const { kind, more } of spendings)
      if (more > 0) this.#onMore(kind, `and ${more.toLocaleString("en")} more`);
  }
}
