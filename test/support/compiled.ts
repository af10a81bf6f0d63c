/**
 * Compiles the tests and the scripts that they start: plain Node starts them in half of tsx's time.
 *
 * tsx compiles with esbuild too, so the same code runs. A test file that is run by itself starts
 * the scripts with tsx, and `npm run test:runtimes` starts them with every runtime.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { COMPILED } from "./launch.ts";

const SUPPORT = [
  ...["stock-keys", "marked-reports"],
  ...["command-line", "provider", "store", "swapper", "uploader"],
].map((name) => `test/support/${name}.ts`);

export interface Compiled {
  /** Returns the compiled form of `file`, a path from the project's folder, if there is one. */
  find(file: string): string | undefined;
  /** Removes the compiled files. */
  remove(): void;
}

/** Compiles `tests` and all scripts of the project in `root`, for the tests started afterwards. */
export async function compile(root: string, tests: readonly string[]): Promise<Compiled> {
  // below node_modules, so that imports of packages resolve
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "compiled-"));
  const exercises = readdirSync(join(root, "exercises")).map((name) => `exercises/${name}`);
  const scripts = ["part1", "part2", ...exercises].flatMap((path) =>
    ["server.ts", "client.ts", "allow.ts", "users.ts"].map((name) => `${path}/${name}`),
  );
  const all = [...scripts.filter((file) => existsSync(join(root, file))), ...SUPPORT];
  // separate builds: esbuild reorders code that entry points share, and a script must parse its
  // command line first
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

/** Lets compiled tests find keys and vectors beside their source. */
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
