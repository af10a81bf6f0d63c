/** The command line of init, with a class, and its end by Ctrl-C. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../../support/launch.ts";
import { withFolder } from "../../support/temporary.ts";
import { boxTest } from "../fakes/prepared-task.ts";
import { processTree, readProc, type TreeProcess } from "../sandbox/process-tree.ts";

const FIXTURES = fileURLToPath(new URL("../init/fixtures", import.meta.url));

function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ["--import", "tsx", "test/grade.ts", "init", ...args], { cwd: ROOT });
}

async function run(...args: string[]) {
  const child = start(...args);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [status, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr };
}

test("init refuses wrong arguments with status 2", async () => {
  for (const [args, expected] of [
    [[], /expected one folder, got 0/],
    [["/nowhere"], /there is no such folder/],
    [["--task", "05", "."], /--task "05": expected one of .*by hand/],
    [["--class", FIXTURES, "more"], /expected no folder beside --class/],
  ] as const) {
    const { status, stderr } = await run(...args);
    assert.is(status, 2, args.join(" "));
    assert.match(stderr, expected);
  }
});

boxTest("init replaces a manifest only with --force", () =>
  withFolder(async (folder) => {
    cpSync(join(FIXTURES, "argument-python"), folder, { recursive: true });
    writeFileSync(join(folder, "submission.json"), "{}");
    const refused = await run(folder);
    assert.is(refused.status, 2);
    assert.match(refused.stderr, /has a submission\.json already; --force replaces it/);
    const forced = await run("--force", "--task", "part2", folder);
    assert.is(forced.status, 0, forced.stderr);
    assert.match(forced.stdout, /task part2 \(as requested\)/);
  }),
);

boxTest("init --class writes each manifest that is missing, and sums up", () =>
  withFolder(async (folder) => {
    for (const name of ["argument-python", "ipv6-perl"])
      cpSync(join(FIXTURES, name), join(folder, name), { recursive: true });
    mkdirSync(join(folder, "done"));
    writeFileSync(join(folder, "done", "submission.json"), "{}");
    mkdirSync(join(folder, "empty"));
    const { status, stdout } = await run("--class", folder, "--jobs", "2");
    assert.is(status, 1);
    assert.match(stdout, /argument-python: launches: proved by an exchange both ways/);
    assert.match(stdout, /ipv6-perl: launches: proved by an exchange both ways/);
    assert.match(stdout, /done: has a manifest/);
    assert.match(stdout, /empty: not found/);
    assert.match(stdout, /3 of 4 launch/);
  }),
);

boxTest("init ends at once at Ctrl-C, and leaves nothing running", () =>
  withFolder(async (folder) => {
    writeFileSync(
      join(folder, "server.py"),
      "import socket\nprint('up', flush=True)\nwhile True: pass\nsocket.bind(('', 1))",
    );
    writeFileSync(join(folder, "client.py"), "import socket\nsocket.socket().connect(('', 1))");
    const child = start(folder);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const { pid } = child;
    if (pid === undefined) throw new Error("it cannot be started");
    const runs = ({ id }: TreeProcess) => readProc(id, "cmdline").includes("server.py");
    await until(() => processTree(pid).some(runs));
    const tree = processTree(pid);
    child.kill("SIGINT");
    assert.is(await ended, 130);
    await until(() => !tree.some(runs));
    assert.equal(readdirSync(folder).toSorted(), ["client.py", "server.py"]);
  }),
);

/** Waits until `holds()`. @throws Error after a minute */
async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 60_000; !holds(); await sleep(20))
    if (performance.now() > end) throw new Error("the condition was never met");
}

test.run();
