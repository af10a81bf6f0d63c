/** The real command: what it says before, and what Ctrl-C leaves behind, namely nothing. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Program, TSX } from "../../support/launch.ts";
import { withFolder } from "../../support/temporary.ts";
import { decodeReport } from "../report/json.ts";
import { processTree } from "../sandbox/process-tree.ts";

const FERNET = "test/grader/mutants/programs/honest-part2-fernet";
const PLAINTEXT = "test/grader/mutants/programs/part1-plaintext";

/** Seconds of processor time after which the eavesdropper searches; its search takes several. */
const LOADED = 1;

/** A server that listens and says nothing, and a client that waits. */
const HANGING = `import socket, sys
s = socket.socket()
if sys.argv[1] == "server":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(sys.argv[2])))
    s.listen()
    s = s.accept()[0]
else:
    s.connect(("127.0.0.1", int(sys.argv[2])))
s.recv(1)
`;

/** Starts the command with a folder of its own for temporary files. */
async function withCommand(
  args: (folder: string) => string[],
  task: (command: Program, temporary: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (base) => {
    const [folder, temporary] = [join(base, "hanging"), join(base, "tmp")];
    // the owner of the boxes must be able to enter them
    await chmod(base, 0o755);
    for (const each of [folder, temporary]) await mkdir(each, { mode: 0o755 });
    await writeFile(join(folder, "program.py"), HANGING);
    const program = (side: string) => ({ command: ["python3", "program.py", side, "{port}"] });
    const both = { server: program("server"), client: program("client") };
    await writeFile(join(folder, "submission.json"), JSON.stringify({ tasks: { part1: both, part2: both } }));
    const command = new Program([...TSX, "test/grade.ts", ...args(folder)], { env: { TMPDIR: temporary } });
    try {
      await task(command, temporary);
    } finally {
      await command.stop();
    }
  });
}

function commandLine(id: number): string {
  return readProc(id, "cmdline").replaceAll("\0", " ");
}

/** Returns the seconds that a process has computed. */
function computed(id: number): number {
  const fields = readProc(id, "stat")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[11]) / 100;
}

function readProc(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, "utf8");
  } catch {
    // it has ended
    return "";
  }
}

/** Resolves to the processes that `command` has started, once all of `wanted` are among them. */
async function untilRunning({ child }: Program, ...wanted: string[]): Promise<number[]> {
  for (;;) {
    const ids = processTree(child.pid ?? 0).map(({ id }) => id);
    const lines = ids.map(commandLine);
    // not those that are about to start a program, and name it
    const programs = lines.filter((line) => /^\S*(python3|node) /.test(line));
    if (wanted.every((words) => programs.some((line) => line.includes(words))))
      return ids.filter((id) => id !== child.pid);
    assert.is(child.exitCode, null, "the command ended");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Interrupts `command`, and requires that nothing of it is left. */
async function assertInterrupted(command: Program, started: number[], temporary: string): Promise<string> {
  const lines = new Map(started.map((id) => [id, commandLine(id)]));
  const ended = once(command.child, "exit");
  command.child.kill("SIGINT");
  command.child.kill("SIGINT");
  const [status] = await ended;
  assert.is(status, 130);
  // a killed process is gone once its parent, or init, has noticed
  const left = () => [...lines].filter(([id, line]) => line !== "" && commandLine(id) === line);
  for (let tries = 0; left().length > 0 && tries < 25; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(left(), []);
  const files = readdirSync(temporary).filter((name) => !name.startsWith("tsx-"));
  assert.equal(files, []);
  return (await command.ending).stdout;
}

for (const sandbox of ["auto", "none"]) {
  test(`Ctrl-C, twice, says what was done and leaves nothing behind, with --sandbox ${sandbox}`, () =>
    withCommand(
      (folder) => [folder, "--sandbox", sandbox, "--seed", "4f1c"],
      async (command, temporary) => {
        const started = await untilRunning(command, "program.py server", "program.py client");
        const output = await assertInterrupted(command, started, temporary);
        assert.match(
          output,
          /^Grading hanging: part1, part2 \(\d+ checks\)\.\nThis takes about 3 minutes\. With --quick/,
        );
        assert.match(
          output,
          /\nInterrupted after .* s\. No report was written\.\n {2}graded {6}no task\n {2}not graded {2}part1, part2\n.*--seed 4f1c.*--only part1,part2\.\n {2}part1 was at 0 of \d+ checks tried; now the first exchange\n$/,
        );
      },
    ));
}

test("Ctrl-C ends the eavesdropper, which does not listen while it computes", () =>
  withCommand(
    () => [FERNET, "--only", "part2/secret"],
    async (command, temporary) => {
      const started = await untilRunning(command, "eavesdropper.ts serve");
      const computes = () =>
        started.some((id) => commandLine(id).includes("eavesdropper.ts") && computed(id) > LOADED);
      while (!computes()) {
        assert.is(command.child.exitCode, null, "the command ended");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await assertInterrupted(command, started, temporary);
    },
  ));

test("--quick grades what it tries, and its report says what it did not", () =>
  withCommand(
    () => [PLAINTEXT, "--quick", "--json", "-"],
    async (command) => {
      const { status, stdout, stderr } = await command.ending;
      assert.is(status, 1, stderr);
      const report = decodeReport(stdout);
      assert.is(report.quick, true);
      assert.equal(report.tasks[0]?.untried, ["unicode", "long", "pieces", "authentic"]);
      const verdicts = Object.fromEntries(
        report.tasks[0]?.checks.map(({ id, verdict }) => [id, verdict]) ?? [],
      );
      assert.equal(
        [verdicts["message"], verdicts["secret"], verdicts["unaltered"]],
        ["pass", "fail", "fail"],
      );
      assert.match(stderr, /^Quick: .*the points are provisional\.$/m);
      assert.match(stderr, /^not tried in part1: unicode, long, pieces, authentic$/m);
      assert.match(report.tasks[0]?.checks[0]?.repeat ?? "", / --quick$/);
    },
  ));

test.run();
