/** Runs a benchmark: `npm run bench -- NAME` */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const [name = "", ...args] = process.argv.slice(2);
const script = `${folder}${name}.ts`;

if (name === "" || name === "run" || !existsSync(script)) {
  const names = readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "run.ts");
  console.error(
    `Usage: npm run bench -- NAME, where NAME is one of: ${names.map((file) => file.slice(0, -3)).join(", ")}`,
  );
  process.exitCode = 2;
} else {
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args], { stdio: "inherit" });
  child.once("exit", (status) => {
    process.exitCode = status ?? 1;
  });
}
