import { posix } from "node:path";

// what stands between `import` and `from` holds no quotation mark and no semicolon
const STATEMENT = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"(\.[^"]+)"/gm;
const CALL = /\bimport\("(\.[^"]+)"\)/g;

/**
 * Returns the files that the TypeScript file `path` imports or exports again, types included, as
 * paths from the same folder as `path`; packages are left out.
 */
export function listImports(path: string, text: string): string[] {
  return [STATEMENT, CALL].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, target = ""]) => posix.join(posix.dirname(path), target)),
  );
}
