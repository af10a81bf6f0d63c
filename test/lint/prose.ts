/**
 * Finds comments that are too wide and words that the project's style does not use.
 *
 * It reads lines, not tokens: a comment starts its line, or follows code that cannot be inside a
 * string. That finds every comment that the formatter leaves alone, without a parser.
 */

export const MAX_COLUMNS = 100;

export interface Fault {
  /** Counted from 1. */
  line: number;
  message: string;
}

type Language = "slashes" | "hashes" | "text";

const LANGUAGES: Record<string, Language> = {
  ts: "slashes",
  py: "hashes",
  pl: "hashes",
  sh: "hashes",
  md: "text",
};
const SLASHES_AFTER_CODE = /[;,{}()[\]] +\/\/ /;
const HASH_AFTER_CODE = /\S {2,}# /;

/** Each pattern with the words to use. A word inside a file name (`nobody.pem`) does not count. */
const WORDS: readonly [pattern: RegExp, instead: string][] = [
  [/(?<![\w.-])(whoever|whomever|nobody|somebody|anybody)(?![\w-]|\.\w)/gi, "name the agent"],
  [/(?<![\w.-])(he|him|himself|his)(?![\w-]|\.\w)/gi, "name the agent, or write they"],
  [/\bin (?:the )?place of\b/gi, "instead of"],
  [/\bin clear\b(?! (?:words|text))/gi, "in plaintext"],
  [/\bso many,? and no more\b/gi, "a limit"],
  [/\b(?:is|are|was|were) told\b/gi, "receives, reads or knows"],
];

/** Returns the faults of the file `path` with the content `text`; none for an unknown kind of file. */
export function findFaults(path: string, text: string): Fault[] {
  const language = LANGUAGES[path.slice(path.lastIndexOf(".") + 1)];
  if (language === undefined) return [];
  const lines = text.split(/\r?\n/);
  return [...findWideComments(lines, language), ...findWords(lines)].toSorted((a, b) => a.line - b.line);
}

function findWideComments(lines: readonly string[], language: Language): Fault[] {
  const isComment = { slashes: commentsWithSlashes(), hashes: hasHashComment, text: () => false }[language];
  return lines.flatMap((line, index) => {
    const columns = isComment(line) ? [...line].length : 0;
    if (columns <= MAX_COLUMNS) return [];
    return { line: index + 1, message: `comment of ${columns} columns, at most ${MAX_COLUMNS}` };
  });
}

/** Returns a function that takes the lines of a TypeScript file in order. */
function commentsWithSlashes(): (line: string) => boolean {
  let inBlock = false;
  return (line) => {
    const code = line.trimStart();
    const starts = inBlock || code.startsWith("/*");
    inBlock = starts && !code.includes("*/");
    return starts || code.startsWith("//") || SLASHES_AFTER_CODE.test(code);
  };
}

function hasHashComment(line: string): boolean {
  return line.trimStart().startsWith("#") || HASH_AFTER_CODE.test(line);
}

function findWords(lines: readonly string[]): Fault[] {
  return lines.flatMap((line, index) =>
    WORDS.flatMap(([pattern, instead]) =>
      [...line.matchAll(pattern)].map(([word]) => ({
        line: index + 1,
        message: `"${word.toLowerCase()}": ${instead}`,
      })),
    ),
  );
}
