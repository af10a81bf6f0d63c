/** Writes JSON as people do: what fits is on one line. */

const WIDTH = 100;

/** Returns `value` as JSON, with a line break at the end. */
export function formatManifest(value: unknown): string {
  return `${format(value, "", 0)}\n`;
}

/** @param used characters that are on the line already */
function format(value: unknown, indent: string, used: number): string {
  const flat = oneLine(value);
  const isSmall = typeof value !== "object" || value === null || Array.isArray(value);
  if (isSmall && indent.length + used + flat.length <= WIDTH) return flat;
  const deeper = `${indent}  `;
  if (Array.isArray(value) && value.every((item) => typeof item === "string"))
    return `[\n${wrapped(value.map(oneLine), deeper)}\n${indent}]`;
  if (Array.isArray(value))
    return `[\n${value.map((item) => deeper + format(item, deeper, 0)).join(",\n")}\n${indent}]`;
  if (typeof value !== "object" || value === null) return flat;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.every(([, item]) => typeof item !== "object") && indent.length + flat.length <= WIDTH)
    return flat;
  const lines = entries.map(([key, item]) => {
    const name = `${JSON.stringify(key)}: `;
    return deeper + name + format(item, deeper, name.length);
  });
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** Puts as many words on each line as fit. */
function wrapped(words: readonly string[], indent: string): string {
  const lines = [indent];
  for (const [index, word] of words.entries()) {
    const item = index === words.length - 1 ? word : `${word},`;
    const line = lines.at(-1) ?? "";
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + item.length > WIDTH) lines.push(indent + item);
    else lines[lines.length - 1] = isFirst ? indent + item : `${line} ${item}`;
  }
  return lines.join("\n");
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{ ${entries.map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`).join(", ")} }`;
}
