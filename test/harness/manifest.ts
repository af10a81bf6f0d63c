/** What a submission is: how its programs are started, and what they need. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** What is typed: a line; or to wait until the program has printed a text, or some seconds; or the end of the input. */
export type Item = string | { wait: string } | { seconds: number } | { end: true };

export interface ProgramManifest {
  command: string[];
  stdin: Item[];
  env: Record<string, string>;
}

export interface Edit {
  file: string;
  find: string;
  replace: string;
}

export interface TaskManifest {
  /** Where commands run, relative to the submission. */
  folder: string;
  prepare: string[][];
  /** "server" and "client" at least. */
  programs: Record<string, ProgramManifest>;
  /** The port that stands in the source. */
  port: number | undefined;
  shared: string[];
  texts: { message?: string; reply?: string };
  edits: Edit[];
  hosts: string[];
  /** Seconds that a plain exchange may take. */
  timeout: number;
}

export interface Manifest {
  name: string;
  tasks: Record<string, TaskManifest>;
}

/** Where this repository has its tasks. */
const LAYOUT: Record<string, string> = {
  part1: "part1",
  part2: "part2",
  "01": "exercises/01-persisted-keys",
  "02": "exercises/02-refactor",
  "03": "exercises/03-allow-list",
  "04": "exercises/04-port-switching",
};
const COMPILE = [
  "/node_modules/.bin/esbuild",
  ...["--bundle", "--packages=external", "--platform=node", "--format=esm", "--target=node20"],
  ...["--outdir=.", "--outbase=.", "--out-extension:.js=.mjs", "--log-level=warning"],
];

/** Reads the manifest of the submission in `folder`: `file`, or its submission.json, or that of our own layout. */
export function loadManifest(folder: string, file?: string): Manifest {
  const path = file ?? join(folder, "submission.json");
  const name = basename(resolve(folder));
  if (file !== undefined || existsSync(path))
    return parseManifest(JSON.parse(readFileSync(path, "utf8")), name);
  return builtIn(folder, name);
}

export function parseManifest(json: ReturnType<typeof JSON.parse>, name: string): Manifest {
  const program = (value: object) => ({ stdin: [], env: {}, ...value });
  const tasks: Record<string, TaskManifest> = {};
  for (const id of Object.keys(json.tasks)) {
    const { server, client, programs, ...task } = json.tasks[id];
    const all = { server, client, ...programs };
    tasks[id] = {
      ...builtInTask({}),
      ...task,
      programs: Object.fromEntries(Object.keys(all).map((key) => [key, program(all[key])])),
    };
  }
  return { name: json.name ?? name, tasks };
}

function builtInTask(programs: TaskManifest["programs"]): TaskManifest {
  const rest = { port: undefined, shared: [], texts: {}, edits: [], hosts: [], timeout: 60 };
  return { folder: ".", prepare: [], programs, ...rest };
}

/** Starts of our own scripts; esbuild compiles them once, as tsx would in each run. */
function builtIn(folder: string, name: string): Manifest {
  const tasks: Record<string, TaskManifest> = {};
  for (const [id, path] of Object.entries(LAYOUT)) {
    const scripts = ["server", "client", "allow"].map((script) => `${path}/${script}.ts`);
    if (!existsSync(join(folder, path, "server.ts"))) continue;
    const program = (script: string, text: string, more: string[] = []): ProgramManifest => ({
      command: ["node", `${path}/${script}.mjs`, "--host", "{host}", "--port", "{port}", ...more, "--", text],
      stdin: [],
      env: {},
    });
    const keys = id.startsWith("part") ? [] : ["--keys", "keys"];
    tasks[id] = {
      ...builtInTask({
        server: program("server", "{reply}", keys),
        client: program("client", "{message}", keys),
      }),
      prepare: [[...COMPILE, ...scripts.filter((script) => existsSync(join(folder, script)))]],
    };
  }
  return { name, tasks };
}
