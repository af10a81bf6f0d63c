import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withFolder } from "../../support/temporary.ts";
import { findRuntimes, SYSTEM_PATH } from "./runtimes.ts";

/** Makes an executable file. */
function program(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n");
  chmodSync(path, 0o755);
}

test("findRuntimes adds nothing for programs of the system, or unknown ones", () => {
  const nothing = { folders: [], path: SYSTEM_PATH };
  assert.equal(findRuntimes(["sh", "/bin/sh", "./server", "no-such-program", "/no/such/program"]), nothing);
});

test("findRuntimes finds a runtime's whole folder, and the folder of a link to it", () =>
  withFolder(async (temporary) => {
    const folder = realpathSync(temporary);
    const runtime = join(folder, "runtime-1.2");
    program(join(runtime, "bin", "run"));
    mkdirSync(join(runtime, "lib"));
    mkdirSync(join(folder, "links"));
    symlinkSync(join(runtime, "bin", "run"), join(folder, "links", "run"));
    assert.equal(findRuntimes(["run"], `relative:${join(runtime, "bin")}`), {
      folders: [runtime],
      path: [join(runtime, "bin"), ...SYSTEM_PATH],
    });
    assert.equal(findRuntimes(["run"], join(folder, "links")), {
      folders: [join(folder, "links"), runtime],
      path: [join(folder, "links"), ...SYSTEM_PATH],
    });
    // an absolute path is not searched for
    assert.equal(findRuntimes([join(runtime, "bin", "run")], ""), { folders: [runtime], path: SYSTEM_PATH });
  }));

test("findRuntimes shows only the program's own folder if the parent belongs to others too", () =>
  withFolder(async (temporary) => {
    const folder = realpathSync(temporary);
    program(join(folder, "bin", "tool"));
    assert.equal(findRuntimes(["tool"], join(folder, "bin")).folders, [join(folder, "bin")]);
  }));

test("findRuntimes finds the node that runs the grader, wherever it is", () => {
  const { path, folders } = findRuntimes(["node"], "");
  const own = dirname(process.execPath);
  if (SYSTEM_PATH.includes(own)) assert.equal({ path, folders }, { path: SYSTEM_PATH, folders: [] });
  else assert.is(path[0], own);
});

test.run();
