/**
 * When an exchange is over: a clock that measures silence, and a decision that depends on nothing
 * but its arguments.
 */

/** Milliseconds between two looks at an exchange. */
export const STEP = 15;
/** A look that comes later than planned by this much: the grader itself stood still. */
const STALL = 60;
/** Silence after which programs that have both ended send nothing more. */
const LAST_WORDS = 3 * STEP;

/** How long an exchange is watched. All times are in milliseconds. */
export interface ExchangeTiming {
  /** How often a plain exchange prints each text; 0 if the text is not expected. */
  times: { message: number; reply: number };
  /** Silence after which nothing more is expected of programs that only wait. */
  patience: number;
  /** The same once both texts have been printed: one of them may come a second time. */
  grace: number;
  /** The longest that the whole exchange may take. */
  limit: number;
}

/** What an exchange looks like at one moment. */
export interface Progress {
  /** Milliseconds since the client was started. */
  elapsed: number;
  /** Milliseconds since the last event. */
  quiet: number;
  /** Something that runs beside the exchange has not finished. */
  isBusy: boolean;
  /** The client has connected. */
  hasConnected: boolean;
  hasEnded: { client: boolean; server: boolean };
  /** Whether both texts have been printed as often as `ExchangeTiming.times` says. */
  haveTextsArrived: () => boolean;
}

/** - silent: over, unless a program is still computing. */
export type ExchangeState = "running" | "silent" | "over" | "timed out";

export function stateOf(progress: Progress, { patience, grace, limit }: ExchangeTiming): ExchangeState {
  const { elapsed, quiet, isBusy, hasConnected, hasEnded } = progress;
  if (elapsed > limit) return "timed out";
  if (isBusy) return "running";
  if (hasEnded.client && hasEnded.server && quiet >= LAST_WORDS) return "over";
  // the server may still be working on what the client sent last
  const enough = hasEnded.client ? Math.min(patience, Math.max(grace, patience / 2)) : patience;
  if (quiet >= enough && (hasConnected || hasEnded.client)) return "silent";
  // searching the output is slow, so it comes last
  return quiet >= Math.min(grace, patience) && progress.haveTextsArrived() ? "over" : "running";
}

/**
 * Measures the time since the last event, without the time in which the grader itself stood still.
 */
export class QuietClock {
  #lastEvent: number;
  #lastLook: number;
  #events: number;

  /** @param events the number of events so far */
  constructor(now: number, events: number) {
    this.#lastEvent = now;
    this.#lastLook = now;
    this.#events = events;
  }

  /** Returns the milliseconds of silence, given the number of events so far. */
  look(now: number, events: number): number {
    const late = now - this.#lastLook - STEP;
    if (late > STALL) this.#lastEvent += late;
    if (events !== this.#events) this.#lastEvent = now;
    this.#lastLook = now;
    this.#events = events;
    return now - this.#lastEvent;
  }

  /** Starts the silence again. */
  restart(now: number): void {
    this.#lastEvent = now;
    this.#lastLook = now;
  }
}
