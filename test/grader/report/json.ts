/** A report as JSON, and back. */
import type { DiagramEntry, Report } from "../model/report.ts";
import { MARKS } from "../model/report.ts";

/** Returns `report` as JSON (RFC 8259), indented, with a line break at its end. */
export function encodeReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Returns the report that `json` spells. @throws Error that names the first field that is not as it should be */
export function decodeReport(json: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error("the report is not JSON");
  }
  return checkReport(value);
}

/** Returns `value` if it is a report. @throws Error as `decodeReport` */
export function checkReport(value: unknown): Report {
  const problem = findProblem(value, REPORT, "");
  if (problem !== undefined || !isReport(value)) throw new Error(`the report is damaged: ${problem}`);
  return value;
}

/** What a value must be: a type, one of some values, a list of something, or an object; a field with `?` may be missing. */
type Shape =
  | "string"
  | "number"
  | { oneOf: readonly unknown[] }
  | readonly [Shape]
  | ((value: unknown, path: string) => string | undefined)
  | { fields: Record<string, Shape> };

const SIDE: Shape = { oneOf: ["client", "server"] };
const DIRECTION: Shape = { oneOf: ["client to server", "server to client"] };

const ENTRIES: Record<DiagramEntry["type"], Shape> = {
  connect: { fields: { at: "number", connection: "number", port: "number", "played?": SIDE } },
  frame: {
    fields: {
      at: "number",
      connection: "number",
      direction: DIRECTION,
      length: "number",
      excerpt: findHexProblem,
      "excerptAt?": "number",
      "attack?": {
        fields: {
          kind: {
            oneOf: ["read", "flip", "cut", "drop", "duplicate", "reorder", "inject", "replay", "replace"],
          },
          "offset?": "number",
          detail: "string",
        },
      },
    },
  },
  end: { fields: { at: "number", connection: "number", direction: DIRECTION } },
  reset: { fields: { at: "number", connection: "number", direction: DIRECTION } },
  printed: {
    fields: {
      at: "number",
      side: SIDE,
      stream: { oneOf: ["stdout", "stderr"] },
      text: "string",
      "bad?": { oneOf: [true] },
    },
  },
  exit: { fields: { at: "number", side: SIDE, ending: "string" } },
  note: { fields: { at: "number", text: "string" } },
};

const EVIDENCE: Shape = {
  fields: {
    caption: "string",
    "diagram?": { fields: { title: "string", entries: [findRungProblem] } },
    "dump?": {
      fields: { label: "string", hex: findHexProblem, "start?": "number", marked: [findRangeProblem] },
    },
    "quote?": "string",
  },
};

const CHECK: Shape = {
  fields: {
    id: "string",
    title: "string",
    verdict: { oneOf: Object.keys(MARKS) },
    points: "number",
    maximum: "number",
    seconds: "number",
    "reason?": "string",
    "finding?": {
      fields: { expected: "string", happened: "string", why: "string", hint: "string", evidence: [EVIDENCE] },
    },
    repeat: "string",
  },
};

const REPORT: Shape = {
  fields: {
    version: { oneOf: [1] },
    submission: { fields: { name: "string", folder: "string" } },
    seed: "string",
    started: "string",
    seconds: "number",
    isolation: { fields: { kind: { oneOf: ["namespaces", "none"] }, notes: ["string"] } },
    tasks: [
      {
        fields: {
          id: "string",
          title: "string",
          seconds: "number",
          points: "number",
          maximum: "number",
          checks: [CHECK],
        },
      },
    ],
    points: "number",
    maximum: "number",
  },
};

function isReport(value: unknown): value is Report {
  return findProblem(value, REPORT, "") === undefined;
}

/** Returns what is wrong with `value`, such as `tasks[0].points: expected a number`. */
function findProblem(value: unknown, shape: Shape, path: string): string | undefined {
  const wrong = (expected: string) => `${path || "it"}: expected ${expected}`;
  if (typeof shape === "function") return shape(value, path);
  if (shape === "string") return typeof value === "string" ? undefined : wrong("a string");
  if (shape === "number") return typeof value === "number" ? undefined : wrong("a number");
  if (isList(shape)) {
    if (!Array.isArray(value)) return wrong("a list");
    return firstOf(value, (item, index) => findProblem(item, shape[0], `${path}[${index}]`));
  }
  if ("oneOf" in shape) return shape.oneOf.includes(value) ? undefined : wrong(shape.oneOf.join(", "));
  if (!isObject(value)) return wrong("an object");
  return firstOf(Object.entries(shape.fields), ([key, field]) => {
    const name = key.replace("?", "");
    const inner = Object.hasOwn(value, name) ? value[name] : undefined;
    if (inner === undefined && key.endsWith("?")) return undefined;
    return findProblem(inner, field, path === "" ? name : `${path}.${name}`);
  });
}

function findRungProblem(value: unknown, path: string): string | undefined {
  const type = isObject(value) ? String(value["type"]) : "";
  const known = Object.entries(ENTRIES).find(([name]) => name === type);
  return known === undefined ? `${path}.type: unknown` : findProblem(value, known[1], path);
}

function findHexProblem(value: unknown, path: string): string | undefined {
  return typeof value === "string" && /^([0-9a-f]{2})*$/i.test(value)
    ? undefined
    : `${path}: expected hexadecimal`;
}

function findRangeProblem(value: unknown, path: string): string | undefined {
  return (
    findProblem(value, ["number"], path) ?? (hasTwo(value) ? undefined : `${path}: expected two numbers`)
  );
}

function hasTwo(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2;
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstOf<T>(
  items: readonly T[],
  find: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
