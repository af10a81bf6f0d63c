/** A JSON Schema file that is generated from a zod schema. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import * as assert from "uvu/assert";
import { z } from "zod";

/**
 * Fails if `file` is not the JSON Schema of `schema`; with UPDATE_SCHEMAS=1 it writes the file
 * first.
 */
export function assertPublished(file: URL, schema: z.ZodType): void {
  const expected = z.toJSONSchema(schema, { io: "input" });
  if (process.env["UPDATE_SCHEMAS"] === "1") writeFileSync(file, `${JSON.stringify(expected, null, 2)}\n`);
  assert.equal(readJson(file), JSON.parse(JSON.stringify(expected)), `out of date: set UPDATE_SCHEMAS=1`);
}

/** Returns a validator that works by the JSON Schema in `file` alone. */
export function readPublished(file: URL): (value: unknown) => boolean {
  const schema = z.fromJSONSchema(readJson(file));
  return (value) => schema.safeParse(value).success;
}

function readJson(file: URL) {
  return JSON.parse(readFileSync(file, "utf8"));
}
