/** The events of a session, with a bound on the memory that they take. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { EventWithoutTime, SessionEvent } from "../model/events.ts";

/** The most bytes of all connections that a session keeps. */
const KEPT_BYTES = 64 << 20;
const EMPTY: Bytes = new Uint8Array(0);

export class EventLog {
  readonly events: SessionEvent[] = [];
  readonly #opened = performance.now();
  #kept = 0;

  readonly record = (event: EventWithoutTime): void => {
    const at = performance.now() - this.#opened;
    this.events.push({ at, ...this.#bounded(event) });
  };

  /** The bytes that have passed on all connections. */
  readonly passed = (): number => this.#kept;

  #bounded(event: EventWithoutTime): EventWithoutTime {
    if (event.type !== "data") return event;
    const { bytes, passed } = event;
    const length = bytes === passed ? bytes.length : bytes.length + passed.length;
    this.#kept += length;
    return this.#kept <= KEPT_BYTES ? event : { ...event, bytes: EMPTY, passed: EMPTY, dropped: length };
  }
}
