/** submission.json: how a submission's programs are started, and what they need. Its schema is submission.schema.json. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { formatSize, quoted } from "../../../lib/bytes/printable.ts";
import type { Side } from "../model/direction.ts";
import { ownLayout } from "./own-layout.ts";

/** What is typed: a line; or to wait until the program has printed a text, or some seconds; or the end of the input. */
export type Item = string | { wait: string } | { seconds: number } | { end: true };

export interface ProgramManifest {
  command: string[];
  /** Commands that are run in the same place, one after the other, once the one before has ended. */
  next: string[][];
  stdin: Item[];
  env: Record<string, string>;
}

export interface Edit {
  /** Relative to the task's folder. */
  file: string;
  find: string;
  replace: string;
}

/** Where one side keeps the files of an exchange: paths relative to the task's folder, with `{name}` in the file's place. */
export interface FilePlaces {
  /** What a client puts: where the client has it, or where the server stores it. */
  put: string;
  /** What a client gets: where the server offers it, or where the client stores it. */
  get: string;
}

export interface TaskManifest {
  /** Where commands run, relative to the submission. */
  folder: string;
  /** Commands that are run once, one after the other, before anything else. */
  prepare: string[][];
  /** "server" and "client" at least. */
  programs: Record<string, ProgramManifest>;
  /** The port that stands in the source. */
  port: number | undefined;
  /** Files that both sides may see, relative to the task's folder. */
  shared: string[];
  /** What the programs say where the source fixes it. */
  texts: { message?: string; reply?: string };
  edits: Edit[];
  /** Names and IPv4 addresses that are to lead to the server. */
  hosts: string[];
  /** Where what was said is found, where that is files; else it is printed. */
  files: Record<Side, FilePlaces> | undefined;
  /** Passwords that are typed or stored, and must not pass in clear. */
  passwords: string[];
  /** Seconds that a plain exchange may take. */
  timeout: number;
}

export interface Manifest {
  name: string;
  tasks: Record<string, TaskManifest>;
}

export const MANIFEST_NAME = "submission.json";
/** Bytes of the longest manifest that is read. */
const SIZE_LIMIT = 1 << 20;
const DEFAULT_TIMEOUT = 60;
const MAX_TIMEOUT = 600;
const TASKS = ["part1", "part2", "01", "02", "03", "04", "05", "06", "07"];
/** The tasks whose programs carry files. */
const FILE_TASKS = ["05"];
/** A shorter password might turn up by chance. */
const MIN_PASSWORD = 8;
const PROGRAM_NAME = /^[a-z][a-z0-9-]{0,31}$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Reads the manifest of the submission in `folder`: `file`, or else its submission.json, or else what follows from the
 * layout, where that is this repository's.
 *
 * @throws Error that names the file, the field, what was expected there and what is there
 */
export function loadManifest(folder: string, file?: string): Manifest {
  const path = file ?? join(folder, MANIFEST_NAME);
  const name = basename(resolve(folder));
  if (file === undefined && !existsSync(path)) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new Error(`${folder}: there is no such folder`);
    const tasks = ownLayout(folder);
    if (Object.keys(tasks).length > 0) return { name, tasks };
    throw new Error(
      `${folder}: there is neither a ${MANIFEST_NAME} nor this repository's layout (part1/server.ts, part2/server.ts, exercises/...)`,
    );
  }
  try {
    return parseManifest(parseJson(readText(path)), name);
  } catch (error) {
    throw error instanceof Error ? new Error(`${path}: ${error.message}`) : error;
  }
}

/** Returns what `json` says, with what it leaves out filled in. @throws Error that names the field */
export function parseManifest(json: unknown, defaultName: string): Manifest {
  const fields = readFields(json, "", ["$schema", "name", "tasks"], ["tasks"]);
  if (fields["$schema"] !== undefined) readString(fields["$schema"], "$schema");
  const tasks = readRecord(fields["tasks"], "tasks");
  const ids = Object.keys(tasks);
  if (ids.length === 0) fail("tasks", "at least one task", tasks);
  for (const id of ids) {
    if (!TASKS.includes(id)) unknown("tasks", id, TASKS);
  }
  return {
    name: fields["name"] === undefined ? defaultName : readString(fields["name"], "name"),
    tasks: Object.fromEntries(
      ids.map((id) => [id, readTask(tasks[id], `tasks.${id}`, FILE_TASKS.includes(id))]),
    ),
  };
}

const TASK_FIELDS = [
  ...["folder", "prepare", "server", "client", "programs", "port", "shared"],
  ...["texts", "edits", "hosts", "timeout"],
];
const FILE_TASK_FIELDS = [...TASK_FIELDS.filter((name) => name !== "texts"), "files", "passwords"];

function readTask(json: unknown, at: string, hasFiles: boolean): TaskManifest {
  const fields = hasFiles
    ? readFields(json, at, FILE_TASK_FIELDS, ["server", "client", "files"])
    : readFields(json, at, TASK_FIELDS, ["server", "client"]);
  const { folder, prepare, server, client, programs, port, shared, texts, edits, hosts, timeout } = fields;
  const { files, passwords } = fields;
  const others = readRecord(programs ?? {}, `${at}.programs`);
  for (const name of Object.keys(others)) {
    if (!PROGRAM_NAME.test(name) || name === "server" || name === "client")
      fail(
        `${at}.programs`,
        "names of small letters, digits and hyphens, other than server and client",
        name,
      );
  }
  return {
    folder: folder === undefined ? "." : readPath(folder, `${at}.folder`),
    prepare: readList(prepare ?? [], `${at}.prepare`, readCommand),
    programs: Object.fromEntries([
      ["server", readProgram(server, `${at}.server`)],
      ["client", readProgram(client, `${at}.client`)],
      ...Object.entries(others).map(([name, value]) => [name, readProgram(value, `${at}.programs.${name}`)]),
    ]),
    port: port === undefined ? undefined : readPort(port, `${at}.port`),
    shared: readList(shared ?? [], `${at}.shared`, readPath),
    texts: readTexts(texts ?? {}, `${at}.texts`),
    edits: readList(edits ?? [], `${at}.edits`, readEdit),
    hosts: readList(hosts ?? [], `${at}.hosts`, readHost),
    files: files === undefined ? undefined : readFiles(files, `${at}.files`),
    passwords: readList(passwords ?? [], `${at}.passwords`, readPassword),
    timeout: timeout === undefined ? DEFAULT_TIMEOUT : readSeconds(timeout, `${at}.timeout`),
  };
}

function readProgram(json: unknown, at: string): ProgramManifest {
  const names = ["command", "next", "stdin", "env"];
  const { command, next, stdin, env } = readFields(json, at, names, ["command"]);
  const variables = readRecord(env ?? {}, `${at}.env`);
  return {
    command: readCommand(command, `${at}.command`),
    next: readList(next ?? [], `${at}.next`, readCommand),
    stdin: readList(stdin ?? [], `${at}.stdin`, readItem),
    env: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => {
        if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) fail(`${at}.env`, "names of environment variables", name);
        return [name, readString(value, `${at}.env.${name}`)];
      }),
    ),
  };
}

function readCommand(json: unknown, at: string): string[] {
  const isCommand =
    Array.isArray(json) && json.every((part) => typeof part === "string" && !part.includes("\0"));
  if (!isCommand) fail(at, "an array of strings", json);
  if (json.length === 0 || json[0] === "") fail(at, "a program to begin with", json);
  return json;
}

function readItem(json: unknown, at: string): Item {
  if (typeof json === "string") return readString(json, at);
  const expected = 'a string, {"wait": text}, {"seconds": number} or {"end": true}';
  if (!isRecord(json) || Object.keys(json).length !== 1) fail(at, expected, json);
  const { wait, seconds, end } = json;
  if (wait !== undefined) return { wait: readFilled(wait, `${at}.wait`) };
  if (seconds !== undefined) return { seconds: readSeconds(seconds, `${at}.seconds`) };
  if (end !== true) fail(at, expected, json);
  return { end };
}

function readTexts(json: unknown, at: string): { message?: string; reply?: string } {
  const { message, reply } = readFields(json, at, ["message", "reply"], []);
  return {
    ...(message !== undefined && { message: readFilled(message, `${at}.message`) }),
    ...(reply !== undefined && { reply: readFilled(reply, `${at}.reply`) }),
  };
}

function readFiles(json: unknown, at: string): Record<Side, FilePlaces> {
  const { server, client } = readFields(json, at, ["server", "client"], ["server", "client"]);
  return { server: readPlaces(server, `${at}.server`), client: readPlaces(client, `${at}.client`) };
}

/** One place for both, or one for each; a folder, or a path with `{name}` in it. */
function readPlaces(json: unknown, at: string): FilePlaces {
  const readPlace = (place: unknown, name: string) => {
    const path = readPath(place, name);
    return path.includes("{name}") ? path : `${path}/{name}`;
  };
  if (typeof json === "string") {
    const place = readPlace(json, at);
    return { put: place, get: place };
  }
  if (!isRecord(json)) fail(at, 'a folder, or {"put": path, "get": path}', json);
  const { put, get } = readFields(json, at, ["put", "get"], ["put", "get"]);
  return { put: readPlace(put, `${at}.put`), get: readPlace(get, `${at}.get`) };
}

function readPassword(json: unknown, at: string): string {
  const password = readString(json, at);
  if ([...password].length < MIN_PASSWORD)
    fail(at, `a password of ${MIN_PASSWORD} characters or more, which does not turn up by chance`, json);
  return password;
}

function readEdit(json: unknown, at: string): Edit {
  const names = ["file", "find", "replace"];
  const { file, find, replace } = readFields(json, at, names, names);
  return {
    file: readPath(file, `${at}.file`),
    find: readFilled(find, `${at}.find`),
    replace: readString(replace, `${at}.replace`),
  };
}

function readHost(json: unknown, at: string): string {
  if (typeof json !== "string" || !HOST_NAME.test(json)) fail(at, "a host name or an IPv4 address", json);
  return json;
}

/** A path that stays within the submission. */
function readPath(json: unknown, at: string): string {
  const isInside =
    typeof json === "string" && /^(?!\/)[^\\\0]+$/.test(json) && !json.split("/").includes("..");
  if (!isInside) fail(at, 'a path below the folder, with / and without ".."', json);
  return json;
}

function readPort(json: unknown, at: string): number {
  const isPort = typeof json === "number" && Number.isInteger(json) && json >= 1 && json <= 65_535;
  if (!isPort) fail(at, "a whole number from 1 to 65535", json);
  return json;
}

function readSeconds(json: unknown, at: string): number {
  const isTime = typeof json === "number" && json > 0 && json <= MAX_TIMEOUT;
  if (!isTime) fail(at, `seconds, more than 0 and at most ${MAX_TIMEOUT}`, json);
  return json;
}

function readString(json: unknown, at: string): string {
  if (typeof json !== "string" || json.includes("\0")) fail(at, "a string", json);
  return json;
}

function readFilled(json: unknown, at: string): string {
  if (json === "") fail(at, "a string that is not empty", json);
  return readString(json, at);
}

function readList<T>(json: unknown, at: string, read: (item: unknown, at: string) => T): T[] {
  if (!Array.isArray(json)) fail(at, "an array", json);
  return json.map((item, index) => read(item, `${at}[${index}]`));
}

/** Returns the fields of an object that has no others than `known`, and all of `required`. */
function readFields(
  json: unknown,
  at: string,
  known: readonly string[],
  required: readonly string[],
): Record<string, unknown> {
  const fields = readRecord(json, at);
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) unknown(at, name, known);
  }
  for (const name of required) {
    if (!Object.hasOwn(fields, name))
      throw new Error(`${at === "" ? "" : `${at}: `}the field ${name} is missing`);
  }
  return fields;
}

function readRecord(json: unknown, at: string): Record<string, unknown> {
  if (!isRecord(json)) fail(at, "an object", json);
  return json;
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function fail(at: string, expected: string, got: unknown): never {
  const observation = quoted(JSON.stringify(got) ?? "nothing", 60)
    .slice(1)
    .replaceAll('\\"', '"');
  throw new Error(
    `${at === "" ? "" : `${at}: `}expected ${expected}, got ${observation.replace(/"(…?)$/, "$1")}`,
  );
}

function unknown(at: string, name: string, known: readonly string[]): never {
  const [nearest, distance] = known
    .map((other) => [other, editDistance(name.toLowerCase(), other)] as const)
    .reduce((best, candidate) => (candidate[1] < best[1] ? candidate : best));
  const hint =
    distance <= Math.max(1, name.length / 3)
      ? `did you mean ${nearest}?`
      : `expected one of ${known.join(", ")}`;
  throw new Error(`${at === "" ? "" : `${at}: `}unknown field ${quoted(name, 40)}; ${hint}`);
}

/** How many letters must be changed, added or left out (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    let diagonal = row[0] ?? 0;
    const next = [index + 1];
    for (const [column, other] of [...to].entries()) {
      const above = row[column + 1] ?? 0;
      next.push(Math.min(above + 1, (next[column] ?? 0) + 1, diagonal + Number(letter !== other)));
      diagonal = above;
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function readText(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error("there is no such file");
  if (stat.size > SIZE_LIMIT)
    throw new Error(`expected at most ${formatSize(SIZE_LIMIT)}, got ${stat.size} bytes`);
  return readFileSync(path, "utf8").replace(/^\ufeff/, "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(
      `it is not JSON: ${error instanceof Error ? error.message.replaceAll("\n", " ") : error}`,
    );
  }
}
