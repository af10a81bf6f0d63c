/** What counts as waiting for a line of input. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PYTHON } from "../fakes/prepared-task.ts";
import { processTree } from "./process-tree.ts";
import { isReadingInput } from "./reading-input.ts";

const PAIR = "import os, select, socket, sys, threading, time; a, b = socket.socketpair();";
const READING: Record<string, string[]> = {
  "a read": [PYTHON, "-c", `${PAIR} print("ready", flush=True); input()`],
  "a read of a thread": [
    PYTHON,
    "-c",
    `${PAIR} threading.Thread(target=input).start(); print("ready", flush=True); time.sleep(60)`,
  ],
  "a read of a child": ["sh", "-c", `echo ready; ${PYTHON} -c 'input()'; true`],
  select: [PYTHON, "-c", `${PAIR} print("ready", flush=True); select.select([a, sys.stdin], [], [])`],
  poll: [
    PYTHON,
    "-c",
    `${PAIR} p = select.poll(); p.register(a, 1); p.register(0, 1); print("ready", flush=True); p.poll()`,
  ],
  epoll: [
    process.execPath,
    "-e",
    `require("readline").createInterface({ input: process.stdin }); console.log("ready")`,
  ],
};
const NOT_READING: Record<string, string[]> = {
  "a sleep": [PYTHON, "-c", `${PAIR} print("ready", flush=True); time.sleep(60)`],
  "a read of a socket": [PYTHON, "-c", `${PAIR} print("ready", flush=True); a.recv(1)`],
  "a read of what replaces the input": ["sh", "-c", "echo ready; tail -f /dev/null | cat; true"],
  "select on a socket": [PYTHON, "-c", `${PAIR} print("ready", flush=True); select.select([a], [], [])`],
  "an event loop without the input": [
    process.execPath,
    "-e",
    `setInterval(() => {}, 60000); console.log("ready")`,
  ],
};

const onLinux = process.platform === "linux" ? test : test.skip;

for (const [name, command] of Object.entries(READING))
  onLinux(`isReadingInput notices ${name}`, () =>
    withProgram(command, async (isReading) => {
      const end = performance.now() + 60_000;
      while (!isReading()) {
        assert.ok(performance.now() < end, "it was never noticed");
        await sleep(20);
      }
    }),
  );

for (const [name, command] of Object.entries(NOT_READING))
  onLinux(`isReadingInput does not take ${name} for it`, () =>
    withProgram(command, async (isReading) => {
      for (let looks = 0; looks < 10; looks += 1) {
        assert.not.ok(isReading());
        await sleep(20);
      }
    }),
  );

/** Starts a program, waits until it prints a line, and ends it afterwards. */
async function withProgram(
  [file = "", ...args]: string[],
  use: (isReading: () => boolean) => Promise<void>,
): Promise<void> {
  const child = spawn(file, args, { detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} cannot be started`);
  try {
    await once(child.stdout, "data");
    await use(() =>
      isReadingInput(
        processTree(pid).map(({ id }) => id),
        pid,
      ),
    );
  } finally {
    process.kill(-pid, "SIGKILL");
    await once(child, "close");
  }
}

test.run();
