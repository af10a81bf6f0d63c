/**
 * Measures the stages of a grading, several of which run at a time, so that their times add up to
 * the whole: a moment counts for all stages that work in it, in equal parts.
 */
import type { Stage } from "../model/stage.ts";

/** The time in which no stage works. */
const REST = "the grader itself";

export class Stopwatch {
  readonly #start = performance.now();
  readonly #active: Stage[] = [];
  readonly #times = new Map<string, number>();
  #since = this.#start;

  /** The stages that work at present, the oldest first, each once. */
  get active(): Stage[] {
    return [...new Set(this.#active)];
  }

  /** Returns the seconds of each stage, in the order of their beginnings; the sum is the whole. */
  times(): Map<string, number> {
    this.#settle();
    return new Map([...this.#times].map(([name, time]) => [name, time / 1000]));
  }

  /** Runs `task`, and counts its time for `stage`. */
  async measure<T>(stage: Stage, task: () => Promise<T>): Promise<T> {
    this.#settle();
    this.#active.push(stage);
    try {
      return await task();
    } finally {
      this.#settle();
      this.#active.splice(this.#active.indexOf(stage), 1);
    }
  }

  #settle(): void {
    const now = performance.now();
    const names = this.#active.length === 0 ? [REST] : this.#active.map(({ name }) => name);
    const part = (now - this.#since) / names.length;
    for (const name of names) this.#times.set(name, (this.#times.get(name) ?? 0) + part);
    this.#since = now;
  }
}
