/** A queue in which sources, such as the addresses of clients, take turns. */

/** Maximum number of sources that are remembered as known; the least recent is forgotten. */
const MAX_KNOWN = 1000;

/**
 * Each source has a line of its own, and `shift` takes one item of each in turn, so a source with
 * many items delays the others by one item a round. Known sources get every other turn, so many
 * unknown ones do not keep them out.
 *
 * Within a line the newest item comes first, and the oldest gives way when the line is full: in the
 * order of arrival, a flooded server would serve each client just before dropping it.
 */
export class FairQueue<T> {
  readonly #perSource: number;
  readonly #known = new Set<string>();
  readonly #ofKnown = new Round<T>();
  readonly #ofOthers = new Round<T>();
  #last = this.#ofKnown;

  /** @param perSource maximum number of items of one source */
  constructor(perSource: number) {
    this.#perSource = perSource;
  }

  /** The sources that wait. */
  get sources(): string[] {
    return [...this.#ofKnown.sources, ...this.#ofOthers.sources];
  }

  /** The number of items. */
  get size(): number {
    return this.#ofKnown.size + this.#ofOthers.size;
  }

  /** Makes `source` a known one, because one of its clients has authenticated. */
  know(source: string): void {
    this.#known.delete(source);
    this.#known.add(source);
    const [oldest = ""] = this.#known;
    if (this.#known.size > MAX_KNOWN) this.#known.delete(oldest);
  }

  /** Adds `item`; returns the item that gives way to it, if any. */
  push(source: string, item: T): T | undefined {
    const round = this.#known.has(source) ? this.#ofKnown : this.#ofOthers;
    const line = round.add(source, item);
    return line.length > this.#perSource ? line.shift() : undefined;
  }

  /** Removes `item` of `source`, if it is still there. */
  remove(source: string, item: T): void {
    for (const round of [this.#ofKnown, this.#ofOthers]) round.remove(source, item);
  }

  /** Removes and returns the next item. */
  shift(): T | undefined {
    this.#last = this.#last === this.#ofKnown ? this.#ofOthers : this.#ofKnown;
    return this.#last.shift() ?? this.#ofKnown.shift() ?? this.#ofOthers.shift();
  }
}

/** The lines of several sources. */
class Round<T> {
  // in the order of their turns; no line is empty
  readonly #lines = new Map<string, T[]>();

  get sources(): Iterable<string> {
    return this.#lines.keys();
  }

  get size(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  /** Adds `item` to the line of `source`, and returns the line. */
  add(source: string, item: T): T[] {
    const line = this.#lines.get(source) ?? [];
    this.#lines.set(source, line);
    line.push(item);
    return line;
  }

  remove(source: string, item: T): void {
    const line = this.#lines.get(source);
    const at = line?.indexOf(item) ?? -1;
    if (line && at !== -1) line.splice(at, 1);
    if (line?.length === 0) this.#lines.delete(source);
  }

  shift(): T | undefined {
    const [next] = this.#lines;
    if (!next) return undefined;
    const [source, line] = next;
    const item = line.pop();
    this.#lines.delete(source);
    if (line.length > 0) this.#lines.set(source, line);
    return item;
  }
}
