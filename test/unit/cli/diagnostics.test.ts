import { mkdir, readdir, readFile, readlink, rmdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { explain, reasonOf, startTrace, trace } from "../../../lib/cli/diagnostics.ts";
import { runScript } from "../../support/scripts.ts";
import { withFolder } from "../../support/temporary.ts";

/** Returns the lines that `run` prints on stderr. */
function printed(run: () => void): string[] {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  try {
    run();
  } finally {
    console.error = error;
  }
  return lines;
}

// in this order: tracing cannot be turned off again
test("trace prints nothing until startTrace turns it on", () => {
  assert.equal(
    printed(() => trace("a step")),
    [],
  );
});

test("trace prints each step with the milliseconds since the one before", () => {
  const { now } = performance;
  const times = [1000, 1012.34, 1012.34, 4112.34];
  performance.now = () => times.shift() ?? 0;
  try {
    const lines = printed(() => {
      startTrace();
      trace("one");
      trace("two");
      trace("three");
    });
    assert.equal(lines, ["[   12.3 ms] one", "[    0.0 ms] two", "[ 3100.0 ms] three"]);
  } finally {
    performance.now = now;
  }
});

test("reasonOf and explain put every failure of files into words, without code and call", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "file");
    await writeFile(file, "");
    await symlink("circle", join(folder, "circle"));
    const failures: [() => Promise<unknown>, string, string][] = [
      [() => readFile(join(folder, "none")), join(folder, "none"), "there is no such file or folder"],
      [() => readFile(folder), "", "it is a folder"],
      [() => readFile(join(file, "x")), join(file, "x"), "what should be its folder is a file"],
      [() => mkdir(folder), folder, "it exists already"],
      [() => readFile(join(folder, "x".repeat(300))), join(folder, "x".repeat(300)), "its name is too long"],
      [() => readFile(join(folder, "circle")), join(folder, "circle"), "its symbolic links lead in a circle"],
      [() => rmdir(file), file, "what should be its folder is a file"],
      [() => readdir(file), file, "what should be its folder is a file"],
      [() => readlink(file), file, "invalid argument"],
    ];
    for (const [fail, path, reason] of failures) {
      const error = await fail().then(
        () => assert.unreachable(),
        (thrown) => thrown,
      );
      assert.is(reasonOf(error), reason);
      assert.is(explain(error), path === "" ? reason : `${path}: ${reason}`);
    }
  });
});

test("reasonOf has words for every failure of the system that Node knows", () => {
  for (const [errno, [code, words]] of getSystemErrorMap()) {
    const error = Object.assign(new Error(`${code}: ${words}, open 'file'`), {
      errno,
      code,
      syscall: "open",
    });
    assert.not.match(reasonOf(error), new RegExp(`^${code}:|, open`));
  }
});

test("reasonOf gives the message of any other error", () => {
  assert.is(reasonOf(new Error("line 2: no name")), "line 2: no name");
  assert.is(reasonOf(Object.assign(new Error("bad"), { code: "ERR_INVALID_ARG_VALUE" })), "bad");
  assert.is(reasonOf("text"), "text");
});

test("the oldest version of Node is that of package.json", async () => {
  const { engines } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"));
  const [, oldest = ""] = /^>=([\d.]+)$/.exec(engines.node) ?? [];
  const [major, minor] = oldest.split(".").map(Number);
  const tried = [
    [`${(major ?? 0) - 1}.99.0`, 1],
    [`${major}.${(minor ?? 0) - 1}.9`, 1],
    [`${oldest}.0`, 0],
    [`${(major ?? 0) + 1}.0.0`, 0],
  ] as const;
  for (const [version, status] of tried) {
    const { stderr, ...ended } = await runScript("old-node.ts", { args: [version] });
    assert.is(stderr, status ? `error: Node ${oldest} or later is needed, this is ${version}\n` : "");
    assert.is(ended.status, status);
  }
});

test.run();
