/**
 * Prompts for a password on the terminal, without echo.
 *
 * The terminal is restored when the answer is complete, when it is cancelled with Ctrl-C or Ctrl-D,
 * or when the program is terminated. Cursor keys are ignored; Backspace, Ctrl-U and Ctrl-W delete.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { openSync } from "node:fs";
import process from "node:process";
import { ReadStream } from "node:tty";
import { findExposure, readSmallFile } from "../files/small-file.ts";
import { MAX_BYTES } from "./password.ts";

const INTERRUPT = "\u0003";
const END = "\u0004";
const ESCAPE = "\u001b";
// an incomplete escape sequence, such as that of an arrow key (ECMA-48 §5.4: CSI; SS3)
const OPEN_SEQUENCE = new RegExp(`^${ESCAPE}(?:O|\\[[ -?]{0,30})?$`);

/** The state of a line that is being typed. */
export interface Typing {
  /** The text of the line. */
  text: string;
  /** An incomplete escape sequence, such as that of an arrow key. */
  sequence: string;
  /** How the line ended, if it has. */
  ended?: "enter" | "interrupt" | "end";
  /** The input after the end of the line. */
  rest: string;
}

/** Returns `typing` after `keys`, as a terminal in raw mode sends them. */
export function type(typing: Typing, keys: string): Typing {
  let { text, sequence } = typing;
  let position = 0;
  for (const key of keys) {
    position += key.length;
    if (sequence !== "") sequence = OPEN_SEQUENCE.test(sequence + key) ? sequence + key : "";
    else if (key === "\r" || key === "\n")
      return { text, sequence, ended: "enter", rest: keys.slice(position) };
    else if (key === INTERRUPT) return { text: "", sequence, ended: "interrupt", rest: "" };
    else if (key === END && text === "") return { text, sequence, ended: "end", rest: keys.slice(position) };
    else if (key === ESCAPE) sequence = key;
    else if (key === "\u007f" || key === "\b") text = [...text].slice(0, -1).join("");
    else if (key === "\u0015") text = "";
    else if (key === "\u0017") text = text.replace(/\S*\s*$/u, "");
    else if (key >= " " && text.length < MAX_BYTES + 1) text += key;
  }
  return { text, sequence, rest: "" };
}

/**
 * Asks `question` on the terminal, and returns the answer. The terminal is standard input, or the
 * controlling terminal if standard input is a pipe.
 *
 * Ctrl-C ends the program as it does without raw mode, unless it listens to SIGINT.
 *
 * @throws Error when there is no terminal, or no answer
 */
export async function promptPassword(question: string): Promise<string> {
  const terminal = process.stdin.isTTY ? process.stdin : openTerminal();
  try {
    return await readHidden(terminal, question);
  } finally {
    process.stderr.write("\n");
    if (terminal !== process.stdin) terminal.destroy();
  }
}

/**
 * Asks twice for a new password.
 *
 * @throws Error as `promptPassword`, when the answers differ, or from `check`
 */
export async function promptNewPassword(check: (password: string) => void): Promise<string> {
  const password = await promptPassword("New password: ");
  check(password);
  if ((await promptPassword("The same again: ")) !== password) throw new Error("the two passwords differ");
  return password;
}

/**
 * Returns the first line of `file` as a password; `-` is standard input, or the prompt if that is a
 * terminal.
 *
 * @throws Error when there is no password, it is too long, or others may read the file
 */
export async function readPassword(file: string): Promise<string> {
  if (file === "-" && process.stdin.isTTY) return promptPassword("Password: ");
  if (file === "-") return firstLine(await readStandardInput(), "standard input");
  const contents = await readSmallFile(file);
  if (!contents) throw new Error(`${file} cannot be used: there is no such file`);
  const exposure = findExposure(file, contents);
  if (exposure !== undefined) throw new Error(`${file} cannot be used: ${exposure}`);
  // editors of Windows begin with a byte order mark
  return firstLine(contents.text.replace(/^\ufeff/, ""), file);
}

function openTerminal(): ReadStream {
  try {
    return new ReadStream(openSync("/dev/tty", "r"));
  } catch {
    throw new Error(
      "there is no terminal to ask for the password on; give it in a file or on standard input",
    );
  }
}

/** Asks `question`, and reads a line from `terminal` without echo. */
async function readHidden(terminal: ReadStream, question: string): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const wasRaw = terminal.isRaw;
  // before the question, so that a quick answer is not echoed either
  terminal.setRawMode(true);
  try {
    process.stderr.write(question);
    const { text, ended, rest } = await new Promise<Typing>((resolve, reject) => {
      let typing: Typing = { text: "", sequence: "", rest: "" };
      const finish = () => {
        terminal.off("data", take).off("end", hangUp).off("error", hangUp);
        terminal.pause();
      };
      const take = (bytes: Buffer) => {
        try {
          typing = type(typing, decoder.decode(bytes, { stream: true }));
        } catch {
          finish();
          reject(new Error("what the terminal sends is not UTF-8; check its encoding"));
        }
        if (typing.ended === undefined) return;
        finish();
        resolve(typing);
      };
      const hangUp = () => {
        finish();
        reject(new Error("the terminal is gone"));
      };
      terminal.on("data", take).on("end", hangUp).on("error", hangUp);
      terminal.resume();
    });
    // for the next prompt
    if (rest !== "") terminal.unshift(Buffer.from(rest));
    if (ended === "interrupt") {
      terminal.setRawMode(wasRaw);
      // without a listener, this ends the program
      const heard = process.listenerCount("SIGINT") > 0 ? once(process, "SIGINT") : undefined;
      // a pending signal does not keep the program running
      const awake = setTimeout(() => {}, 1000);
      process.kill(process.pid, "SIGINT");
      await heard;
      clearTimeout(awake);
      throw new Error("interrupted");
    }
    if (ended === "end") throw new Error("no password was given");
    return text;
  } finally {
    terminal.setRawMode(wasRaw);
  }
}

async function readStandardInput(): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const chunk of process.stdin) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes("\n") || text.length > MAX_BYTES) return text;
    }
    // fails if the last character is incomplete
    return text + decoder.decode();
  } catch {
    throw new Error("the password on standard input is not valid UTF-8");
  }
}

function firstLine(text: string, source: string): string {
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new Error(`there is no password on the first line of ${source}`);
  return line;
}
