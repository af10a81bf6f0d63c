/**
 * Runs the soaks, one after the other: `npm run test:soak -- [part of a file's name ...]`
 *
 * Each runs thousands of sessions, to find what shows only in the long run. They take minutes, so
 * they are not part of `npm test`.
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const names = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)));

let failed = 0;
for (const file of files) {
  console.log(`\n${file}`);
  if (!(await succeeds(`${folder}${file}`))) failed += 1;
}
console.log(`\n${files.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1;

async function succeeds(file: string): Promise<boolean> {
  const child = spawn(process.execPath, ["--import", "tsx", file], { stdio: "inherit" });
  return new Promise((resolve) => child.once("exit", (status) => resolve(status === 0)));
}
