/** Where the segments of TCP connections end: a program's writes, as its system sent them. */

/** Ports, sequence number, length, and 1 for the first segment of a connection (SYN), else 0. */
export type Segment = [from: number, to: number, sequence: number, length: number, isFirst: number];

interface Flow {
  /** The sequence number of the first byte. */
  start: number;
  /** The offset after the last byte of each segment. */
  ends: number[];
}

const MAX_FLOWS = 1000;
const MAX_ENDS = 20_000;

export class SegmentLog {
  /** By the two ports; the oldest come first. */
  readonly #flows = new Map<string, Flow>();

  add(segments: readonly Segment[]): void {
    for (const [from, to, sequence, length, isFirst] of segments) {
      const key = keyOf(from, to);
      if (isFirst) this.#open(key, sequence + 1);
      const flow = this.#flows.get(key);
      // sequence numbers begin again after 2^32
      if (flow && length > 0 && flow.ends.length < MAX_ENDS)
        flow.ends.push((sequence + length - flow.start) >>> 0);
    }
  }

  /**
   * Returns the offsets after `from` and before `to` at which segments to the local port end, and
   * forgets all up to `to`.
   */
  ends({ local, remote }: { local: number; remote: number }, from: number, to: number): number[] {
    // what was sent from here needs no log
    const sent = this.#flows.get(keyOf(local, remote));
    if (sent) sent.ends = [];
    const flow = this.#flows.get(keyOf(remote, local));
    if (!flow) return [];
    const found = flow.ends.filter((end) => end > from && end < to);
    flow.ends = flow.ends.filter((end) => end > to);
    return [...new Set(found)].toSorted((a, b) => a - b);
  }

  #open(key: string, start: number): void {
    this.#flows.delete(key);
    this.#flows.set(key, { start, ends: [] });
    const [oldest] = this.#flows.keys();
    if (oldest !== undefined && this.#flows.size > MAX_FLOWS) this.#flows.delete(oldest);
  }
}

function keyOf(from: number, to: number): string {
  return `${from} ${to}`;
}
