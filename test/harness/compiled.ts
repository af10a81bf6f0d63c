/**
 * The scripts, compiled, for the tests that start them by the hundred: plain Node starts in half the time that tsx takes.
 *
 * tsx compiles with esbuild too, so what runs is the same. A test file that is run by itself starts the scripts with tsx,
 * and `npm run test:runtimes` with all runtimes.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { COMPILED } from "./launch.ts";

const PRELOADS = ["test/support/stock-keys.ts"];

/** Compiles all scripts of the project in `root`, for the tests that are started from now on; returns what undoes it. */
export async function compileScripts(root: string): Promise<() => void> {
  // below node_modules, so that the packages are found from there
  const cache = join(root, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "scripts-"));
  const exercises = readdirSync(join(root, "exercises")).map((name) => `exercises/${name}`);
  const scripts = ["part1", "part2", ...exercises].flatMap((path) =>
    ["server.ts", "client.ts", "allow.ts"].map((name) => `${path}/${name}`),
  );
  await build({
    absWorkingDir: root,
    entryPoints: [...scripts, ...PRELOADS].filter((file) => existsSync(join(root, file))),
    outbase: ".",
    outdir: folder,
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  // which the preloads read
  symlinkSync(join(root, "test", "keys"), join(folder, "test", "keys"));
  process.env[COMPILED] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
