/** Validation by a schema; its error names the field, with the expected and the actual value. */
import { z } from "zod";
import { quoted } from "../../../lib/bytes/printable.ts";
import { nearestWord } from "./nearest-word.ts";

/** The longest value that a message shows, in characters. */
const VALUE_LENGTH = 60;

type Issue = z.core.$ZodIssue;

/**
 * Returns `value` as `schema` reads it.
 *
 * A schema's own error messages complete the sentence "expected ...".
 *
 * @throws Error such as `tasks[0].points: expected a number, got "65"`
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { error: expectation });
  if (result.success) return result.data;
  throw new Error(describe(chooseIssue(result.error.issues), value));
}

const TYPES: Record<string, string> = { array: "an array", object: "an object", record: "an object" };

/**
 * Completes the sentence "expected ..." for a schema without an error message of its own; for an
 * unknown field, suggests a known one.
 */
function expectation(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? `a ${issue.expected}`;
    case "invalid_value":
      return issue.values.map(String).join(", ");
    case "too_small":
      return "a string that is not empty";
    case "invalid_union":
      return issue.inst instanceof z.ZodDiscriminatedUnion ? "a known type" : undefined;
    case "unrecognized_keys":
      return issue.inst instanceof z.ZodObject
        ? suggestField(issue.keys[0] ?? "", Object.keys(issue.inst.shape))
        : undefined;
    default:
      return undefined;
  }
}

/** Prefers an unknown field to a missing one: both may come from the same spelling mistake. */
function chooseIssue(issues: readonly Issue[]): Issue | undefined {
  return issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
}

function describe(issue: Issue | undefined, root: unknown, parent: readonly PropertyKey[] = []): string {
  if (issue === undefined) return "it does not fit its schema";
  const path = [...parent, ...issue.path];
  const at = (place: readonly PropertyKey[]) => (place.length === 0 ? "" : `${formatPath(place)}: `);
  const value = valueAt(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return `${at(path)}unknown field ${quoted(issue.keys[0] ?? "", 40)}; ${issue.message}`;
    case "invalid_key":
      return `${at(path.slice(0, -1))}expected ${issue.issues[0]?.message}, got ${show(path.at(-1))}`;
    case "invalid_union": {
      const branch = intendedBranch(issue.errors);
      if (branch !== undefined) return describe(chooseIssue(branch), root, path);
    }
  }
  const key = path.at(-1);
  if (value === undefined && key !== undefined) {
    const owner = path.slice(0, -1);
    return typeof key === "number"
      ? `${at(owner)}expected ${issue.message}, got ${show(valueAt(root, owner))}`
      : `${at(owner)}the field ${String(key)} is missing`;
  }
  return `${at(path)}expected ${issue.message}, got ${show(value)}`;
}

/**
 * Returns the issues of the only branch of a union that has the value's type, or else its fields;
 * undefined if there is no such branch, or more than one.
 */
function intendedBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const ofType = branches.filter(
    (issues) => !issues.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  const ofFields = ofType.filter((issues) => !issues.some(({ code }) => code === "unrecognized_keys"));
  return [ofType, ofFields].find((candidates) => candidates.length === 1)?.[0];
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    root,
  );
}

/** Returns `value` as JSON, shortened, with control characters escaped. */
function show(value: unknown): string {
  const text = quoted(JSON.stringify(value) ?? "nothing", VALUE_LENGTH)
    .slice(1)
    .replaceAll('\\"', '"');
  return text.replace(/"(…?)$/, "$1");
}

function suggestField(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  return nearest === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${nearest}?`;
}
