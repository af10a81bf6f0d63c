/** What a trial says about a plan: the lines to type, the port, and where the texts come from. */
import { join } from "node:path";
import type { Side } from "../model/direction.ts";
import { TEXTS } from "./answers.ts";
import { fixedText } from "./literals.ts";
import type { Findings, InputItem, Plan } from "./plan.ts";
import { sourcesOf } from "./programs.ts";
import { readText } from "./sources.ts";
import type { Observation, SeenProgram } from "./trial.ts";

/** Characters of a prompt that are waited for. */
const MAX_WAIT = 40;
/** Parts of a prompt that may differ in the next run. */
const VARIABLE = new RegExp(`\\d{2,}|[0-9a-f]{8,}|${Object.values(TEXTS).join("|")}`, "gi");
/** Files that may hold a text. */
const TEXT_FILE = /\.(?:txt|dat|json|csv|msg|text|md|cfg|ini)$|\/[^.]+$|^[^.]+$/;
const MIN_TEXT = 4;

/** How a text comes into the program that sends it, and whether it came out of the other. */
export type TextSource = "argument" | "prompt" | "source" | "file" | "none";

export interface TextFinding {
  from: TextSource;
  arrives: boolean;
  /** The program was given a text, by whatever way. */
  isGiven: boolean;
  /** The text, if the source or a file fixes it. */
  fixed?: string;
  file?: string;
}

export interface Found {
  findings: Findings;
  message: TextFinding;
  reply: TextFinding;
}

/**
 * @param files the paths of the submission's files
 */
export function findingsOf(
  plan: Plan,
  seen: Observation,
  { folder, files, withPauses }: { folder: string; files: readonly string[]; withPauses: boolean },
): Found {
  const message = findText(plan, seen, "client", { folder, files });
  const reply = findText(plan, seen, "server", { folder, files });
  const texts = {
    ...(message.from === "source" && message.fixed !== undefined && { message: message.fixed }),
    ...(reply.from === "source" && reply.fixed !== undefined && { reply: reply.fixed }),
  };
  const edits = [
    { ...message, placeholder: "{message}" },
    { ...reply, placeholder: "{reply}" },
  ].flatMap(({ from, file, fixed, placeholder }) =>
    from === "file" && file !== undefined && fixed !== undefined
      ? [{ file, find: fixed, replace: placeholder }]
      : [],
  );
  const pauses = withPauses || plan.relay !== undefined;
  const port = seen.server.listeners.find(({ port }) => seen.connections.includes(port))?.port;
  const isGiven = [...plan.arguments.server, ...seen.server.typed.map(({ line }) => line)].includes("{port}");
  return {
    message,
    reply,
    findings: {
      stdin: { server: inputOf(seen.server, pauses), client: inputOf(seen.client, pauses) },
      port: isGiven ? undefined : (port ?? seen.server.listeners[0]?.port),
      texts,
      edits,
    },
  };
}

function findText(
  plan: Plan,
  seen: Observation,
  sender: Side,
  { folder, files }: { folder: string; files: readonly string[] },
): TextFinding {
  const [placeholder, which] =
    sender === "client" ? (["{message}", "message"] as const) : (["{reply}", "reply"] as const);
  const receiver = sender === "client" ? "server" : "client";
  const isArgument = plan.arguments[sender].some((word) => word.includes(placeholder));
  const isTyped = seen[sender].typed.some(({ line }) => line === placeholder);
  const from = isArgument ? "argument" : isTyped ? "prompt" : "none";
  const isGiven = isArgument || isTyped;
  if (seen.arrived[which]) return { from, arrives: seen.arrived[which], isGiven };
  const printed = seen[receiver].output;
  const own = sourcesOf(plan.pair[sender]);
  const fixed = fixedText(own, printed, sourcesOf(plan.pair[receiver]));
  if (fixed !== undefined) return { from: "source", arrives: true, isGiven, fixed };
  for (const file of files.filter((path) => TEXT_FILE.test(path))) {
    const content = readText(join(folder, file))?.trim() ?? "";
    if (
      content.length >= MIN_TEXT &&
      printed.includes(content) &&
      own.some(({ code }) => code.includes(file.split("/").at(-1) ?? file))
    )
      return { from: "file", arrives: true, isGiven, fixed: content, file };
  }
  return { from, arrives: false, isGiven };
}

/**
 * Returns the lines that were typed, each after what the program printed before it. With pauses, a
 * text waits a second longer, and for nothing but a question that is still open: other lines may
 * come in another order, or not at all.
 */
function inputOf({ typed }: SeenProgram, withPauses: boolean): InputItem[] {
  return typed.flatMap(({ prompt, role, line }) => {
    const isOpen = !/\n\s*$/.test(prompt);
    const wait = withPauses && !isOpen ? undefined : waitText(prompt);
    const pause = withPauses && (role === "message" || wait === undefined);
    return [...(wait === undefined ? [] : [{ wait }]), ...(pause ? [{ seconds: 1 }] : []), line];
  });
}

/** Returns the end of a prompt that the next run prints again; undefined if there is none. */
export function waitText(prompt: string): string | undefined {
  const lines = prompt.split(/\p{Cc}+/u).filter((line) => line.trim() !== "");
  for (const line of lines.reverse()) {
    const constants = line.split(VARIABLE).filter((part) => part.trim() !== "");
    const constant = constants.findLast((part) => /\p{L}/u.test(part)) ?? constants.at(-1);
    if (constant !== undefined) return constant.slice(-MAX_WAIT);
  }
  return undefined;
}
