/** The abilities of a terminal, and styles for it. */
import process from "node:process";
import { styleText } from "node:util";
import type { Verdict } from "../model/report.ts";

export interface Terminal {
  write(text: string): void;
  /** The width of a line at present. */
  columns(): number;
  /** It is a terminal, on which a line can be rewritten. */
  isLive: boolean;
  hasColours: boolean;
}

const DEFAULT_WIDTH = 100;
// a narrower terminal wraps the lines itself
const MIN_WIDTH = 40;

/**
 * Returns `stream` as a terminal. A pipe, a file and a dumb terminal get plain lines; a NO_COLOR
 * that is not empty turns colours off (https://no-color.org).
 */
export function terminalOf(
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number },
  env: Partial<Record<string, string>> = process.env,
): Terminal {
  const isLive = stream.isTTY === true && env["TERM"] !== "dumb";
  return {
    write: (text) => void stream.write(text),
    // some terminals report a width of 0
    columns: () => Math.max(stream.columns || DEFAULT_WIDTH, MIN_WIDTH),
    isLive,
    hasColours: isLive && !env["NO_COLOR"],
  };
}

export const VERDICT_STYLES: Record<Verdict, Style> = {
  pass: "green",
  fail: "red",
  "not shown": "yellow",
  "not applicable": "dim",
  error: "magenta",
};

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "magenta" | "cyan";

/** Sets text in a style. */
export type Paint = (style: Style, text: string) => string;

/** Returns a function that leaves text unchanged if there are no colours. */
export function styles(hasColours: boolean): Paint {
  return (style, text) =>
    hasColours && text !== "" ? styleText(style, text, { validateStream: false }) : text;
}
