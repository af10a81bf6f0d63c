/** What a terminal can do, and colours on it. */
import process from "node:process";

export interface Terminal {
  write(text: string): void;
  /** How many characters fit on a line now; it may change. */
  columns(): number;
  /** It is one, so that a line can be rewritten. */
  isLive: boolean;
  hasColours: boolean;
}

const DEFAULT_WIDTH = 100;
// below this, lines are longer than the terminal is wide: it wraps them itself
const MIN_WIDTH = 40;

/**
 * Returns what `stream` can do. A pipe, a file and a dumb terminal get plain lines; NO_COLOR, not empty, takes the colours away
 * (https://no-color.org).
 */
export function terminalOf(
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number },
  env: Partial<Record<string, string>> = process.env,
): Terminal {
  const isLive = stream.isTTY === true && env["TERM"] !== "dumb";
  return {
    write: (text) => void stream.write(text),
    // some terminals say that they are 0 wide
    columns: () => Math.max(stream.columns || DEFAULT_WIDTH, MIN_WIDTH),
    isLive,
    hasColours: isLive && !env["NO_COLOR"],
  };
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 };
const ENDS = { bold: 22, dim: 22, red: 39, green: 39, yellow: 39, magenta: 39, cyan: 39 };

export type Style = keyof typeof CODES;

/** Returns a function that sets text in a style (ECMA-48 §8.3.117), or leaves it as it is where there are no colours. */
export function styles(hasColours: boolean): (style: Style, text: string) => string {
  return (style, text) =>
    hasColours && text !== "" ? `\u001b[${CODES[style]}m${text}\u001b[${ENDS[style]}m` : text;
}
