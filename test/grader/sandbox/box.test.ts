/** What a program can and cannot do in its box. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  boxTest,
  IDLE_SERVER,
  outputOf,
  PYTHON,
  withPreparedTask,
  withSession,
} from "../fakes/prepared-task.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Runs Python in a box; returns the output and the ending. */
async function run(
  code: string,
): Promise<{ output: string; status: number | undefined; stopReason?: string | undefined }> {
  let result: Awaited<ReturnType<typeof run>> | undefined;
  await withPreparedTask({ files: { "server.py": IDLE_SERVER, "client.py": code } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const running = await session.start("a message");
      const output = await outputOf(running);
      result = { output, ...(await running.ending) };
    }),
  );
  if (!result) throw new Error("it did not run");
  return result;
}

/** Python that prints "refused" and the error if `code` raises an OSError, and otherwise "done". */
const attempt = (code: string) => `
import os, socket, subprocess, sys
try:
    ${code.replaceAll("\n", "\n    ")}
    print("done")
except OSError as error:
    print("refused", error.strerror)
`;

boxTest("a program sees its own files and the system, and nothing else of this computer", async () => {
  const secret = mkdtempSync(join(tmpdir(), "sml-secret-"));
  writeFileSync(join(secret, "x"), "secret");
  try {
    const { output } = await run(`
import os
print(sorted(os.listdir("/")))
print(os.listdir("/tmp"), os.listdir("/dev/shm"), os.path.exists("/root"), os.path.exists("/home"))
print([os.path.exists(path) for path in ${JSON.stringify([secret, HERE, process.cwd()])}])
print(sorted(os.listdir(".")), os.getcwd(), os.environ["HOME"])
print(sorted(os.environ))
print(open("/etc/hosts").read().count("localhost"), os.path.exists("/etc/shadow"))
`);
    const lines = output.split("\n");
    assert.is(
      lines[0]?.replace(/ 'lib(32|x32|64)',/g, ""),
      "['bin', 'dev', 'etc', 'lib', 'node_modules', 'proc', 'sbin', 'src', 'tmp', 'usr', 'work']",
    );
    assert.is(lines[1], "[] [] False False");
    assert.is(lines[2], "[False, False, False]");
    assert.is(lines[3], "['client.py', 'server.py', 'submission.json'] /work /work");
    assert.not.match(lines[4] ?? "", /npm|NODE|TMPDIR|CI/);
    assert.is(lines[5], "3 False");
  } finally {
    rmSync(secret, { recursive: true });
  }
});

boxTest("the output of C programs is not buffered, not even a prompt", async () => {
  const code = `
import ctypes, time
ctypes.CDLL(None).printf(b"your message: ")
time.sleep(60)
`;
  await withPreparedTask({ files: { "server.py": IDLE_SERVER, "client.py": code } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const running = await session.start("a message");
      assert.ok(await running.waitForOutput("your message: ", 60));
    }),
  );
});

boxTest("a program cannot reach this computer's loopback interface, or the network", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    const { output } = await run(`
${attempt(`socket.create_connection(("127.0.0.1", ${address.port}), 3)`)}
${attempt('socket.create_connection(("192.0.2.1", 80), 3)')}
`);
    assert.is(output, "refused Connection refused\nrefused Network is unreachable\n");
  } finally {
    server.close();
  }
});

boxTest("a program cannot reach sockets of other families, here or elsewhere", async () => {
  // an abstract socket of this computer, which only a network namespace hides
  const name = `sml-test-${process.pid}`;
  const holder = spawn(PYTHON, [
    "-c",
    `import socket,sys;s=socket.socket(socket.AF_UNIX);s.bind("\\0${name}");s.listen();print("up",flush=True);sys.stdin.read()`,
  ]);
  try {
    await once(holder.stdout, "data");
    const { output } = await run(`
${attempt(`socket.socket(socket.AF_UNIX).connect("\\0${name}")`)}
${attempt("socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)")}
${attempt("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)")}
`);
    assert.is(
      output,
      "refused Connection refused\nrefused Address family not supported by protocol\nrefused Address family not supported by protocol\n",
    );
  } finally {
    holder.kill("SIGKILL");
  }
});

boxTest("a program sees only its own processes", async () => {
  const { output } = await run(`
import os
print(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
try:
    os.kill(${process.pid}, 0)
    print("seen")
except ProcessLookupError:
    print("not seen")
`);
  const [list = "", seen] = output.split("\n");
  assert.ok(
    JSON.parse(list).every((pid: number) => pid < 20),
    list,
  );
  assert.is(seen, "not seen");
});

boxTest("a program is not root, inside or outside, and cannot gain privileges", async () => {
  const { output } = await run(`
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(os.getuid(), [line for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))])
print(open("/proc/self/uid_map").read().split()[0])
for name, call in {"unshare": lambda: libc.unshare(0x10000000), "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
                   "setns": lambda: libc.setns(0, 0), "keyctl": lambda: libc.syscall(${process.arch === "x64" ? 250 : 219}, 0, -3, 0),
                   "memfd_create": lambda: libc.memfd_create(b"x", 0), "clone3": lambda: libc.syscall(435, 0, 0)}.items():
    print(name, call(), os.strerror(ctypes.get_errno()))
${attempt('open("/proc/sys/kernel/core_pattern", "w")')}
${attempt('open("/usr/x", "w")')}
${attempt('open("/x", "w")')}
${attempt('open("/src/x", "w")')}
${attempt('open("/node_modules/x", "w")')}
`);
  const none = "0".repeat(16);
  assert.is(
    output,
    [
      `1000 ['CapEff:\\t${none}\\n', 'CapBnd:\\t${none}\\n', 'NoNewPrivs:\\t1\\n']`,
      "1000",
      "unshare -1 Operation not permitted",
      "mount -1 Operation not permitted",
      "setns -1 Operation not permitted",
      "keyctl -1 Operation not permitted",
      "memfd_create -1 Function not implemented",
      "clone3 -1 Function not implemented",
      "refused Permission denied",
      ...new Array(4).fill("refused Read-only file system"),
      "",
    ].join("\n"),
  );
});

boxTest("files that a program writes stay in its box, and are removed with it", async () => {
  const { output } = await run(`
open("mine", "w").write("x"); open("/tmp/mine", "w").write("x"); open("/dev/shm/mine", "w").write("x")
print("written")
`);
  assert.is(output, "written\n");
  for (const folder of ["/tmp", "/dev/shm"]) assert.not.ok(existsSync(join(folder, "mine")));
});

boxTest("a program's disk space is limited", async () => {
  const { output } = await run(`
written = 0
try:
    for number in range(100):
        with open(f"file{number}", "wb") as file:
            for _ in range(16):
                file.write(bytes(1 << 20)); file.flush()
                written += 1
except OSError as error:
    print(error.strerror)
print(written)
`);
  const [error, written] = output.split("\n");
  assert.is(error, "No space left on device");
  assert.ok(Number(written) >= 60 && Number(written) <= 70, written);
});

boxTest("a program that makes too many files is stopped", async () => {
  const { stopReason } = await run(`
import os
for number in range(10**7):
    os.close(os.open(f"/tmp/{number}", os.O_CREAT))
`);
  assert.is(stopReason, "files");
});

boxTest("a program that prints too much is stopped, and its output is kept up to the limit", async () => {
  const { stopReason, output } = await run('while True: print("x" * 1000)');
  assert.is(stopReason, "output");
  assert.is(output.length, 1 << 20);
});

boxTest("processes that use too much memory together are stopped", async () => {
  const { stopReason } = await run(`
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = b"x" * (200 << 20)
        time.sleep(60)
time.sleep(60)
`);
  assert.is(stopReason, "memory");
});

boxTest("a fork bomb is contained", async () => {
  const { output } = await run(`
import os
count = 0
try:
    while True:
        if os.fork() == 0:
            import time
            time.sleep(60)
        count += 1
except OSError as error:
    print(count, error.strerror, flush=True)
os._exit(0)
`);
  const [, count, error] = /^(\d+) (.*)\n/.exec(output) ?? [];
  assert.is(error, "Resource temporarily unavailable");
  assert.ok(Number(count) > 100 && Number(count) < 128, count);
});

boxTest("processes that a program leaves behind end with it, even in another session", async () => {
  const mark = `sml-lingers-${process.pid}`;
  await run(`
import os, sys
started, starting = os.pipe()
for detach in (False, True):
    if os.fork() == 0:
        if detach:
            os.setsid()
            if os.fork() > 0: os._exit(0)
        for fd in (0, 1, 2): os.close(fd)
        os.execv("${PYTHON}", ["${PYTHON}", "-c", "import time; time.sleep(60)", "${mark}"])
os.close(starting)
os.read(started, 1)  # returns once both have become other programs, which closes their ends
`);
  assert.equal(processesCalled(mark), []);
});

boxTest("a program can be stopped at any time", async () => {
  await withPreparedTask(
    { files: { "server.py": IDLE_SERVER, "client.py": "import time; time.sleep(60)" } },
    (prepared) =>
      withSession(prepared, {}, async (session) => {
        const client = await session.start("x");
        assert.is(await client.waitForOutput("x", 0.05), false);
        await client.stop();
        assert.equal(await client.ending, { status: undefined, stopReason: "stopped" });
      }),
  );
});

boxTest("an exit status is reported, and a signal as none", async () => {
  assert.is((await run("import sys; sys.exit(3)")).status, 3);
  assert.is((await run("import os; os.abort()")).status, undefined);
});

boxTest("packages of this project and of the submission can be used, but not through a link", async () => {
  const program = `
const { createRequire } = require("node:module");
const { readdirSync, existsSync } = require("node:fs");
const from = createRequire("/work/client.js");
const name = (path) => { try { return from.resolve(path); } catch (error) { return error.code; } };
console.log(name("tslib"), name("own"), existsSync("/work/node_modules/.cache") && readdirSync("/work/node_modules/.cache"));
`;
  const client = { command: ["node", "client.js"] };
  const files = { "server.py": IDLE_SERVER, "client.js": program };
  // a folder that the owner of the boxes cannot read would be copied, which is not tested here
  const open = (folder: string) => chmodSync(folder, 0o755);
  const resolved = async (more: Record<string, string>, before: (folder: string) => void = open) => {
    let output = "";
    await withPreparedTask({ files: { ...files, ...more }, task: { client }, before }, (prepared) =>
      withSession(prepared, {}, async (session) => {
        output = await outputOf(await session.start(""));
      }),
    );
    return output.trim();
  };
  assert.is(await resolved({}), "/node_modules/tslib/tslib.js MODULE_NOT_FOUND false");
  assert.is(
    await resolved({ "node_modules/own/index.js": "", "node_modules/.cache/solution.js": "" }),
    "/node_modules/tslib/tslib.js /work/node_modules/own/index.js []",
  );
  const elsewhere = mkdtempSync(join(tmpdir(), "sml-elsewhere-"));
  try {
    mkdirSync(join(elsewhere, "own"));
    writeFileSync(join(elsewhere, "own", "index.js"), "");
    const link = (folder: string) => symlinkSync(elsewhere, join(folder, "node_modules"));
    assert.is(await resolved({}, link), "/node_modules/tslib/tslib.js MODULE_NOT_FOUND false");
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

boxTest("when the grader is killed, all boxes end", async () => {
  const mark = `sml-orphan-${process.pid}`;
  const grader = `
import { withPreparedTask } from ${JSON.stringify(new URL("../fakes/prepared-task.ts", import.meta.url).href)};
const server = { command: ["${PYTHON}", "-c", "import socket, time; s = socket.create_server(('127.0.0.1', 1)); time.sleep(60)", "${mark}"] };
await withPreparedTask({ files: {}, task: { server } }, async (prepared) => {
  await prepared.open();
  console.log("open");
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
`;
  const folder = mkdtempSync(join(tmpdir(), "sml-orphan-"));
  chmodSync(folder, 0o711);
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", grader], {
    env: { ...process.env, TMPDIR: folder },
  });
  await once(child.stdout, "data");
  assert.not.equal(processesCalled(mark), []);
  child.kill("SIGKILL");
  await once(child, "close");
  const deadline = performance.now() + 60_000;
  while (processesCalled(mark).length > 0 && performance.now() < deadline) await pause(20);
  rmSync(folder, { recursive: true });
  assert.equal(processesCalled(mark), []);
});

/** Returns the processes of this computer with `mark` among their arguments. */
function processesCalled(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(mark);
    } catch {
      return false; // the process has ended
    }
  });
}

test.run();
