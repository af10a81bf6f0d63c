/** Prepared tasks for tests: small submissions written by the test itself. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import { withFolder } from "../../support/temporary.ts";
import type { RunningProgram } from "../model/program.ts";
import type { Session, SessionOptions } from "../model/session.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { openSubmission, type Submission } from "../run/submission.ts";
import { whyNoBoxes } from "../sandbox/boxes.ts";

/** Debian's Python, which every box has. */
export const PYTHON = "/usr/bin/python3";

export interface TestSubmission {
  /** The files of its folder: Python programs, and others. */
  files: Record<string, string>;
  /** Fields of the task; by default server.py and client.py run without arguments. */
  task?: object;
  /** The task (default: part2). */
  id?: string;
  sandbox?: "auto" | "bwrap" | "none";
  /** Called with the folder before the submission is opened. */
  before?: (folder: string) => void;
}

/** Python that listens on port 5000, and waits. */
export const IDLE_SERVER = `
import socket, time
s = socket.create_server(("127.0.0.1", 5000))
time.sleep(60)
`;

/** Writes the submission to a folder, opens it, and removes both afterwards. */
export async function withPreparedTask(
  { files, task, id = "part2", sandbox, before }: TestSubmission,
  use: (prepared: PreparedTask, submission: Submission) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const program = (name: string) => ({ command: [PYTHON, `${name}.py`] });
    const tasks = { [id]: { server: program("server"), client: program("client"), timeout: 20, ...task } };
    const manifest = join(folder, "submission.json");
    writeFileSync(manifest, JSON.stringify({ tasks }));
    chmodSync(manifest, 0o644);
    before?.(folder);
    const submission = await openSubmission(folder, { seed: "test", ...(sandbox && { sandbox }) });
    try {
      await use(submission.prepare(id), submission);
    } finally {
      await submission.close();
    }
  });
}

/** Opens a session, and closes it afterwards. */
export async function withSession(
  prepared: PreparedTask,
  options: SessionOptions,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const session = await prepared.open(options);
  try {
    await use(session);
  } finally {
    await session.close();
  }
}

/** `test`, skipped where namespaces are not available. */
export const boxTest = (await whyNoBoxes()) === undefined ? test : test.skip;

/** Returns the whole output of a program, once it has ended. */
export async function outputOf(running: RunningProgram): Promise<string> {
  await running.ending;
  const { stdout, stderr } = running;
  return `${stdout}${stderr}`;
}
