/** As much of JSON Schema 2020-12 as submission.schema.json uses; whatever else it might come to use is an error. */

type Json = unknown;
type Schema = Record<string, Json>;
type Rule = (value: Json, argument: Json, schema: Schema, root: Schema) => boolean;

const NOTES = ["$schema", "$defs", "title", "description"];

const RULES: Record<string, Rule> = {
  $ref: (value, path, _, root) => accepts(follow(root, String(path)), value, root),
  const: (value, expected) => value === expected,
  type: (value, name) => TYPES[String(name)]?.(value) ?? false,
  minLength: (value, least) => typeof value !== "string" || [...value].length >= Number(least),
  pattern: (value, text) => typeof value !== "string" || new RegExp(String(text), "u").test(value),
  minimum: (value, least) => typeof value !== "number" || value >= Number(least),
  exclusiveMinimum: (value, limit) => typeof value !== "number" || value > Number(limit),
  maximum: (value, most) => typeof value !== "number" || value <= Number(most),
  minItems: (value, least) => !Array.isArray(value) || value.length >= Number(least),
  prefixItems: (value, schemas, _, root) =>
    !Array.isArray(value) ||
    asArray(schemas).every((schema, index) => index >= value.length || accepts(schema, value[index], root)),
  items: (value, schema, { prefixItems }, root) =>
    !Array.isArray(value) ||
    value.slice(asArray(prefixItems ?? []).length).every((item) => accepts(schema, item, root)),
  minProperties: (value, least) => !isObject(value) || Object.keys(value).length >= Number(least),
  required: (value, names) =>
    !isObject(value) || asArray(names).every((name) => Object.hasOwn(value, String(name))),
  properties: (value, schemas, _, root) =>
    !isObject(value) ||
    Object.entries(asObject(schemas)).every(
      ([name, schema]) => !Object.hasOwn(value, name) || accepts(schema, value[name], root),
    ),
  patternProperties: (value, schemas, _, root) =>
    !isObject(value) ||
    Object.entries(asObject(schemas)).every(([pattern, schema]) =>
      Object.entries(value).every(
        ([name, item]) => !new RegExp(pattern, "u").test(name) || accepts(schema, item, root),
      ),
    ),
  additionalProperties: (value, allowed, { properties = {}, patternProperties = {} }) => {
    if (allowed !== false) throw new Error("only additionalProperties: false is known");
    const patterns = Object.keys(asObject(patternProperties)).map((pattern) => new RegExp(pattern, "u"));
    const isKnown = (name: string) =>
      Object.hasOwn(asObject(properties), name) || patterns.some((pattern) => pattern.test(name));
    return !isObject(value) || Object.keys(value).every(isKnown);
  },
  oneOf: (value, schemas, _, root) =>
    asArray(schemas).filter((schema) => accepts(schema, value, root)).length === 1,
};

const TYPES: Record<string, (value: Json) => boolean> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isInteger(value),
};

/** Says whether `value` is as `schema` demands. @throws Error when the schema uses a keyword that is not known here */
export function accepts(schema: Json, value: Json, root: Json = schema): boolean {
  const own = asObject(schema);
  return Object.entries(own).every(([keyword, argument]) => {
    if (NOTES.includes(keyword)) return true;
    const rule = RULES[keyword];
    if (!rule) throw new Error(`the keyword ${keyword} is not known`);
    return rule(value, argument, own, asObject(root));
  });
}

function follow(root: Schema, path: string): Json {
  const [start, ...parts] = path.split("/");
  if (start !== "#") throw new Error(`the reference ${path} is not known`);
  return parts.reduce<Json>((at, part) => asObject(at)[part], root);
}

function isObject(value: Json): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asObject(value: Json): Schema {
  if (!isObject(value)) throw new Error(`expected an object in the schema, got ${JSON.stringify(value)}`);
  return value;
}

function asArray(value: Json): Json[] {
  if (!Array.isArray(value)) throw new Error(`expected an array in the schema, got ${JSON.stringify(value)}`);
  return value;
}
