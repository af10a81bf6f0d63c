/** A line at the bottom of a terminal that is rewritten while lines above it are added. */
import type { Paint, Terminal } from "./terminal-style.ts";
import { cut } from "./text-width.ts";

const MAX_WIDTH = 110;
const ERASE = "\r\u001b[2K";

export class LiveLine {
  readonly #terminal: Terminal;
  readonly #paint: Paint;
  readonly #text: () => string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param text returns the line's present text; undefined for no line */
  constructor(terminal: Terminal, paint: Paint, text: () => string | undefined) {
    this.#terminal = terminal;
    this.#paint = paint;
    this.#text = text;
  }

  /** The columns that lines may take at present. */
  get width(): number {
    return Math.min(this.#terminal.columns(), MAX_WIDTH);
  }

  /** From now on, rewrites the line every `interval` milliseconds. Nothing happens in a pipe. */
  start(interval: number): void {
    if (!this.#terminal.isLive) return;
    this.draw();
    this.#timer ??= setInterval(() => this.draw(), interval).unref();
  }

  /** Adds `text` above the line. */
  print(text: string): void {
    this.#erase();
    this.#terminal.write(`${text}\n`);
    this.draw();
  }

  draw(): void {
    const text = this.#terminal.isLive ? this.#text() : undefined;
    if (text === undefined) return;
    // a line of the full width would wrap, and could not be rewritten
    this.#terminal.write(ERASE + this.#paint("cyan", cut(text, this.width - 1)));
  }

  /** Removes the line. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #erase(): void {
    if (this.#terminal.isLive) this.#terminal.write(ERASE);
  }
}
