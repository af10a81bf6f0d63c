/** Which task a submission solves, if the caller does not say. */
import type { Source } from "./sources.ts";

export const TEXT_TASKS = ["part1", "part2", "01", "02", "03", "04", "06", "07"] as const;
export type TextTask = (typeof TEXT_TASKS)[number];

export interface Guess {
  task: TextTask;
  why: string;
}

const SYMMETRIC = /\bAES\b|\bFernet\b|\bDES3?\b|ChaCha|Blowfish|\bSecretKey|createCipheriv|\bEVP_|aes[-_]/i;
const FOLDERS: readonly (readonly [name: RegExp, task: (number: string) => TextTask | undefined])[] = [
  [/^part[ _-]?([12])$/i, (number) => TEXT_TASKS.find((task) => task === `part${number}`)],
  [
    /^(?:ex(?:ercise)?[ _-]?)?0?([1-7])(?:[ _-].*)?$/i,
    (number) => TEXT_TASKS.find((task) => task === `0${number}`),
  ],
];

/** Returns the folders of `sources` that are named after tasks, with these. */
export function taskFolders(sources: readonly Source[]): Map<TextTask, string> {
  const found = new Map<TextTask, string>();
  for (const { path } of sources) {
    const [top = "", ...rest] = path.split("/");
    const task = rest.length === 0 ? undefined : taskOfFolder(top);
    if (task !== undefined && !found.has(task)) found.set(task, top);
  }
  return found;
}

/** Returns the task that the sources look like. */
export function guessTask(folder: string, sources: readonly Source[]): Guess {
  const named = taskOfFolder(folder);
  if (named !== undefined) return { task: named, why: "the folder is named after it" };
  return sources.some(({ code }) => SYMMETRIC.test(code))
    ? { task: "part2", why: "a guess: it uses a symmetric cipher" }
    : { task: "part1", why: "a guess: it uses no symmetric cipher" };
}

function taskOfFolder(name: string): TextTask | undefined {
  for (const [pattern, taskFor] of FOLDERS) {
    const number = pattern.exec(name)?.[1];
    if (number !== undefined) return taskFor(number);
  }
  return undefined;
}
