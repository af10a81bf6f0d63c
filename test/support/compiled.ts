/**
 * The tests and the scripts that they start by the hundred, compiled: plain Node starts in half the time that tsx takes.
 *
 * tsx compiles with esbuild too, so what runs is the same. A test file that is run by itself starts the scripts with tsx,
 * and `npm run test:runtimes` with all runtimes.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { COMPILED } from "./launch.ts";

const PRELOADS = ["test/support/stock-keys.ts"];

export interface Compiled {
  /** The compiled file in place of `file`, a path from the project's folder; undefined when there is none. */
  find(file: string): string | undefined;
  /** Removes what was compiled. */
  remove(): void;
}

/** Compiles `tests` and all scripts of the project in `root`, for the tests that are started from now on. */
export async function compile(root: string, tests: readonly string[]): Promise<Compiled> {
  // below node_modules, so that the packages are found from there
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "compiled-"));
  const exercises = readdirSync(join(root, "exercises")).map((name) => `exercises/${name}`);
  const scripts = ["part1", "part2", ...exercises].flatMap((path) =>
    ["server.ts", "client.ts", "allow.ts", "users.ts"].map((name) => `${path}/${name}`),
  );
  const all = [...scripts.filter((file) => existsSync(join(root, file))), ...PRELOADS];
  // apart: esbuild orders what two entry points share by itself, and a script must meet its command line first
  await Promise.all([all, tests].map((entryPoints) => compileTogether(root, folder, entryPoints)));
  process.env[COMPILED] = folder;
  return {
    find: (file) => {
      const compiled = join(folder, file.replace(/\.ts$/, ".js"));
      return existsSync(compiled) ? compiled : undefined;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function compileTogether(root: string, folder: string, files: readonly string[]): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [...files],
    outbase: ".",
    outdir: folder,
    bundle: true,
    splitting: true,
    sourcemap: "linked",
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
    plugins: [keepPlace(root)],
  });
}

/** What belongs to the tests finds its keys and vectors where its source is, wherever its code lies. */
function keepPlace(root: string): Plugin {
  return {
    name: "keep-place",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(join(root, "test/"))) return undefined;
        const code = await readFile(path, "utf8");
        const url = JSON.stringify(pathToFileURL(path).href);
        return { contents: code.replaceAll("import.meta.url", url), loader: "ts" };
      });
    },
  };
}
