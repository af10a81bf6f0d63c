/** The Pythons of this computer: a submission may need another than the system's. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const NAMES = ["python3", "python", "python2", "python2.7"];
/** Milliseconds for one Python to start. */
const LIMIT = 20_000;
/** Modules that need a screen: no other Python would help. */
const HOPELESS = /^_?tkinter$|^pygame$|^PyQt/;

/**
 * Returns the path of a Python other than the system's that imports `module`.
 *
 * @param version the major version
 */
export function findPython(module: string | undefined, version: 2 | 3): string | undefined {
  // -s: what a user has installed at home is not visible in a box
  if (module !== undefined && HOPELESS.test(module)) return undefined;
  const test = `import sys; assert sys.version_info[0] == ${version}; ${module === undefined ? "" : `import ${module}; `}print(sys.executable)`;
  for (const name of [...NAMES, ...versionsOfPyenv()]) {
    const { status, stdout } = spawnSync(name, ["-s", "-c", test], {
      encoding: "utf8",
      timeout: LIMIT,
      cwd: "/",
    });
    const path = stdout?.trim();
    if (status === 0 && path?.startsWith("/")) return path;
  }
  return undefined;
}

/** The newest first. */
function versionsOfPyenv(): string[] {
  const folder = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  if (!existsSync(folder)) return [];
  const versions = readdirSync(folder).toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }));
  return versions.map((version) => join(folder, version, "bin/python"));
}
