/** What to answer a program that asks for something, as a line of a manifest. */
import type { Side } from "../model/direction.ts";
import { type Role, roleOf } from "./roles.ts";

export interface Answer {
  role: Role;
  /** With placeholders. */
  line: string;
}

/** What trials put in for {message} and {reply}: lower-case words, as the grader does. */
export const TEXTS = { message: "lapemo rudinak vosebi tagul", reply: "wefori dunasel kitoba mirep" };

const SERVER_WORDS = /serv|host|listen|receiv|wait|creat|start|accept|bob/i;
const CLIENT_WORDS = /client|connect|join|send|alice/i;
const ACTION_WORDS = /send|message|chat|encrypt|text|start/i;
const NUMERIC: Partial<Record<Role, string>> = {
  prime: "7919",
  "other prime": "7907",
  number: "5",
  size: "2048",
};
/** A program that asks both sides for the same secret must be given the same one. */
const PASSWORD = "correct horse battery";
const NAMES: Record<Side, string> = { server: "bob", client: "alice" };
const PLACEHOLDERS: Record<Side, string> = { server: "{reply}", client: "{message}" };

/** Options of a menu: `1) Host`, `[2] Join`, `3. Quit`; or `host (1)`, `join (2)`. */
const OPTION_FIRST =
  /(?:^|[\s([{,])["']?(\d{1,2}|[a-z])["']?\s*(?:[.):\]}=-]|\bto\b|\bfor\b)+\s*([^\n\d,;()[\]]{2,40})/gi;
const OPTION_LAST = /([a-z][a-z ]{1,30}?)[^\S\n]*[([]\s*["']?(\d{1,2}|[a-z])["']?\s*[)\]]/gi;

/** Returns the answer to a prompt: what the program printed since the line before. */
export function answerTo(prompt: string, side: Side): Answer {
  // a line with the other side's text is no question
  const asked = prompt
    .split("\n")
    .filter((line) => !Object.values(TEXTS).some((text) => line.includes(text)))
    .join("\n");
  const question = questionOf(asked);
  const role = asksForSide(question) ? "choice" : (roleOf(question) ?? "message");
  const isMenu = role === "choice" || (/^\W*$/.test(lastLine(asked)) && optionsIn(asked).length > 1);
  return isMenu ? { role: "choice", line: chooseOption(asked, side) } : { role, line: lineFor(role, side) };
}

/** Returns the last line, with the one before it if that asks, and the last is only an arrow. */
function questionOf(prompt: string): string {
  const question = lastLine(prompt);
  const before = lastLine(prompt, 2);
  return /\p{L}/u.test(question) || !/[:?]\s*\n/.test(before) ? question : before;
}

/** Returns what a program of `side` is given for `role`. */
export function lineFor(role: Role, side: Side): string {
  switch (role) {
    case "host":
    case "port":
      return `{${role}}`;
    case "name":
      return NAMES[side];
    case "password":
    case "key":
      return PASSWORD;
    case "yes":
      return "y";
    case "choice":
    case "mode":
      return side;
    case "file":
      return "message.txt";
    case "message":
      return PLACEHOLDERS[side];
    default:
      return NUMERIC[role] ?? "1";
  }
}

/** Returns one of the words that a program compares an argument with. */
export function chooseWord(words: readonly string[], side: Side): string {
  const [own, other] = side === "server" ? [SERVER_WORDS, CLIENT_WORDS] : [CLIENT_WORDS, SERVER_WORDS];
  const first = side.slice(0, 1);
  return (
    words.find((word) => own.test(word) && !other.test(word)) ??
    words.find((word) => word.replace(/^-+/, "").toLowerCase() === first) ??
    words[side === "server" ? 0 : Math.min(1, words.length - 1)] ??
    side
  );
}

function asksForSide(question: string): boolean {
  return (
    SERVER_WORDS.test(question) && /client|connect|join/i.test(question) && /\bor\b|[/|,(]/.test(question)
  );
}

function chooseOption(prompt: string, side: Side): string {
  const options = optionsIn(prompt);
  const [own, other] = side === "server" ? [SERVER_WORDS, CLIENT_WORDS] : [CLIENT_WORDS, SERVER_WORDS];
  const chosen =
    options.find(({ label }) => own.test(label) && !other.test(label)) ??
    options.find(({ label }) => ACTION_WORDS.test(label)) ??
    options[0];
  return chosen?.key ?? wordsIn(prompt).find((word) => own.test(word)) ?? "1";
}

function optionsIn(prompt: string): { key: string; label: string }[] {
  const last = [...prompt.matchAll(OPTION_LAST)].map(([, label = "", key = ""]) => ({ key, label }));
  const first = [...prompt.matchAll(OPTION_FIRST)].map(([, key = "", label = ""]) => ({ key, label }));
  return last.length > 1 && last.length >= first.length && !/^\s*[([]/.test(prompt) ? last : first;
}

function wordsIn(prompt: string): string[] {
  return lastLine(prompt).match(/[\w-]+/g) ?? [];
}

/** Returns the last of the lines that are not empty, or the last few. */
function lastLine(text: string, lines = 1): string {
  return text
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .join("\n");
}
