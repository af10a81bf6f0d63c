/** The sources of a submission, and what each of them imports. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isVisible } from "../manifest/submission-folder.ts";
import { type Language, languageOf } from "./languages.ts";

/** The most that is read: of files, of bytes of one file, and of folders in each other. */
const MAX_FILES = 400;
const MAX_BYTES = 1 << 20;
const MAX_DEPTH = 6;
/** Folders with the code of others, or with what is built. */
const NOT_OWN = /^(?:node_modules|venv|env|site-packages|__pycache__|target|dist|build|out|bin|obj)$/;

export interface Source {
  /** Relative to the submission, with /. */
  path: string;
  language: Language;
  text: string;
  /** The text without comments. */
  code: string;
}

/** Returns the sources in `folder`, in the order of their paths. */
export function readSources(folder: string): Source[] {
  return listFiles(folder).flatMap((path) => {
    const language = languageOf(path);
    if (language === undefined) return [];
    const text = readText(join(folder, path));
    return text === undefined ? [] : [{ path, language, text, code: text.replace(language.comment, "") }];
  });
}

/** Returns the paths of the files in `folder`, relative to it. */
export function listFiles(folder: string): string[] {
  const found: string[] = [];
  const walk = (inside: string, depth: number) => {
    for (const entry of readdirSync(join(folder, inside), { withFileTypes: true })) {
      if (found.length >= MAX_FILES) return;
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      if (entry.isFile()) found.push(path);
      else if (entry.isDirectory() && depth < MAX_DEPTH && isVisible(entry.name) && !NOT_OWN.test(entry.name))
        walk(path, depth + 1);
    }
  };
  walk("", 0);
  return found.toSorted();
}

/** Returns the text of a file; undefined if it is too long, or not a text. */
export function readText(path: string): string | undefined {
  if (statSync(path).size > MAX_BYTES) return undefined;
  const bytes = readFileSync(path);
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le");
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  return text.includes("\0") ? undefined : text;
}

/** Returns the sources that `source` imports, and those that these import, without itself. */
export function importsOf(source: Source, all: readonly Source[]): Source[] {
  const found = new Set<Source>();
  const queue = [source];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const other of all) {
      if (other === source || found.has(other) || !imports(next, other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return [...found];
}

/** Returns whether `source` mentions `other` as a module, class or header. */
function imports(source: Source, other: Source): boolean {
  if (source === other || source.language.name !== other.language.name) return false;
  const name = basename(other.path).replace(/\.\w+$/, "");
  const word = name.replace(/[^\w]/g, "\\$&");
  switch (source.language.name) {
    case "Python": {
      const module = name === "__init__" ? basename(dirname(other.path)) : word;
      return new RegExp(
        `^\\s*(?:from\\s+[\\w.]*\\b${module}\\b[\\w.]*\\s+import|from\\s+[\\w.]+\\s+import\\s[^\\n]*\\b${module}\\b|import\\s[^\\n]*\\b${module}\\b)`,
        "m",
      ).test(source.code);
    }
    case "Java":
    case "C#":
      return new RegExp(`\\b${word}\\b`).test(source.code);
    case "Go":
      return dirname(source.path) === dirname(other.path) && !other.language.entry?.test(other.code);
    case "C":
    case "C++":
      return (
        new RegExp(`#\\s*include\\s*"[^"]*\\b${word}\\.(?:c|h|hpp|cc|cpp)"`).test(source.code) &&
        !other.language.entry?.test(other.code)
      );
    default:
      return new RegExp(`["'/]${word}(?:\\.\\w+)?["']`).test(source.code);
  }
}
