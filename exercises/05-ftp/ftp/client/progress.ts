/** A progress bar with rate and remaining time; only on a terminal. */
import { printable } from "../../../../lib/bytes/printable.ts";

// Seconds between two updates, and seconds over which the rate is averaged.
const REFRESH = 0.1;
const WINDOW = 5;
const MAX_BAR = 30;
// for a terminal that reports no width, or 0
const USUAL_COLUMNS = 80;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A terminal, such as process.stderr. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Standing {
  name: string;
  /** Bytes so far. */
  done: number;
  /** The total number of bytes, if known. */
  total: number | undefined;
  /** Bytes per second. */
  rate: number;
}

/** The progress of one file. Several in sequence may share a terminal. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #name: string;
  readonly #now: () => number;
  #start: number;
  #first = 0;
  #done = 0;
  #total: number | undefined;
  #drawn = 0;
  // for the rate of the last seconds
  #samples: { at: number; done: number }[] = [];

  /** @param now returns the time in seconds */
  constructor(terminal: Terminal, name: string, now: () => number = () => performance.now() / 1000) {
    this.#terminal = terminal;
    this.#name = name;
    this.#now = now;
    this.#start = now();
  }

  /** Starts the transfer: `existing` of `total` bytes exist already. */
  begin(total: number | undefined, existing: number): void {
    this.#start = this.#now();
    this.#total = total;
    this.#first = existing;
    this.#done = existing;
    this.#samples = [{ at: this.#start, done: existing }];
    this.#draw();
  }

  advance(length: number): void {
    this.#done += length;
    const now = this.#now();
    if (now - this.#drawn < REFRESH) return;
    this.#samples.push({ at: now, done: this.#done });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW) this.#samples.shift();
    this.#draw();
  }

  /** Ends the transfer, and leaves a summary. */
  end(): void {
    const seconds = this.#now() - this.#start;
    const carried = this.#done - this.#first;
    this.#show(
      `${printable(this.#name)}  ${formatBytes(this.#done)}  ${formatBytes(seconds > 0 ? carried / seconds : 0)}/s  ${formatTime(seconds)}\n`,
    );
  }

  /** Removes the bar after a failure, so that the error starts a line. */
  clear(): void {
    this.#show("");
  }

  #draw(): void {
    const now = this.#now();
    this.#drawn = now;
    const [oldest] = this.#samples;
    const elapsed = oldest ? now - oldest.at : 0;
    const rate = oldest && elapsed > 0 ? (this.#done - oldest.done) / elapsed : 0;
    const standing = { name: this.#name, done: this.#done, total: this.#total, rate };
    this.#show(renderProgress(standing, this.#terminal.columns || USUAL_COLUMNS));
  }

  #show(text: string): void {
    // clears the line
    if (this.#terminal.isTTY) this.#terminal.write(`\r\x1b[K${text}`);
  }
}

/** Returns a progress line that is shorter than `columns`. */
export function renderProgress({ name, done, total, rate }: Standing, columns: number): string {
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total);
  const percent = share === undefined ? "" : `${Math.floor(share * 100)}%`.padStart(5);
  const left = total !== undefined && rate > 0 ? formatTime(Math.max(0, total - done) / rate) : "--:--";
  const figures = `${percent}  ${formatBytes(done)}  ${formatBytes(rate)}/s  ${left} left`;
  const room = columns - 1 - figures.length;
  const width = Math.min(MAX_BAR, Math.floor(room / 2) - 2);
  const filled = Math.round((share ?? 0) * width);
  const bar = share === undefined || width < 4 ? "" : ` [${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
  const shown = cut(printable(name), room - bar.length);
  return `${shown}${bar}${figures}`.slice(0, Math.max(0, columns - 1));
}

/** Returns `bytes` in a readable unit, such as `1.5 MiB` or `640 B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Returns `seconds` as `MM:SS` or `H:MM:SS`. */
export function formatTime(seconds: number): string {
  const whole = Math.min(Math.round(seconds), 359_999);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (value: number) => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${pad(minutes)}:${pad(rest)}`;
}

function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? "" : `${characters.slice(0, width - 1).join("")}…`;
}
