/** What a session provides to its programs: texts, addresses, input and files. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { rejects } from "../../support/rejects.ts";
import {
  boxTest,
  IDLE_SERVER,
  outputOf,
  PYTHON,
  withPreparedTask,
  withSession,
} from "../fakes/prepared-task.ts";
import { processTree } from "../sandbox/process-tree.ts";

const TALK = `
import socket, sys
def serve(text):
    s = socket.create_server(("127.0.0.1", 5000))
    while True:
        c, _ = s.accept()
        print("received", c.recv(100).decode()); c.sendall(text.encode()); c.close()
def say(text):
    c = socket.create_connection(("127.0.0.1", 5000), 60)
    c.sendall(text.encode()); print("received", c.recv(100).decode())
`;
const files = { "talk.py": TALK, "server.py": IDLE_SERVER };
const python = (code: string, ...more: string[]) => ({ command: [PYTHON, "-c", code, ...more] });

boxTest("each side is given its own text only, and the server's address", async () => {
  const tell = "import os, sys; print(sys.argv[1:], os.environ['T'], sys.stdin.readline())";
  const client = {
    ...python(tell, "{message}", "{reply}", "{host}:{port}", "{other}"),
    env: { T: "<{message}>" },
    stdin: ["{message} {reply}"],
  };
  const server = python(
    `${tell}; import socket, time; s = socket.create_server(("127.0.0.1", 5000)); time.sleep(60)`,
    "{message}",
    "{reply}",
  );
  const task = { server: { ...server, env: { T: "{reply}" }, stdin: ["{reply}"] }, client, port: 5000 };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, { reply: "the reply" }, async (session) => {
      assert.is(
        await outputOf(await session.start("the message")),
        "['the message', '{reply}', '127.0.0.1:5000', '{other}'] <the message> the message {reply}\n\n",
      );
      assert.is(session.server.stdout, "['{message}', 'the reply'] the reply the reply\n\n");
    }),
  );
});

boxTest("a line is typed once the program reads, not while it throws its input away", async () => {
  const flush = `
import os, select, sys, time
sys.stdout.write("text? "); sys.stdout.flush()
time.sleep(0.5)
while select.select([0], [], [], 0)[0]: os.read(0, 100)
print("read", input())
`;
  const client = { ...python(flush), stdin: [{ wait: "text? " }, "{message}"] };
  await withPreparedTask({ files, task: { client } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(await outputOf(await session.start("the message")), "text? read the message\n");
    }),
  );
});

boxTest("a program may print what passes several times over, and no more", async () => {
  const log = `${TALK}
s = socket.create_server(("127.0.0.1", 5000)); c, _ = s.accept()
size, times = map(int, sys.stdin.readline().split())
while size > 0:
    data = c.recv(65536); size -= len(data)
    for _ in range(times): print(data.hex())
print("done")
`;
  const send = `${TALK}
c = socket.create_connection(("127.0.0.1", 5000), 60)
c.sendall(bytes(1_000_000)); c.recv(1)
`;
  for (const [times, ending] of [
    [3, undefined],
    [20, "output"],
  ] as const) {
    const task = { server: { ...python(log), stdin: [`1000000 ${times}`] }, client: python(send) };
    await withPreparedTask({ files, task }, (prepared) =>
      withSession(prepared, {}, async (session) => {
        await session.start("a message");
        assert.is((await session.server.ending).stopReason, ending);
        assert.is(session.server.stdout.endsWith("done\n"), ending === undefined);
      }),
    );
  }
});

boxTest("lines are typed after the prompts, and the input stays open unless it is ended", async () => {
  const ask = `
import sys
sys.stdout.write("name? "); sys.stdout.flush(); name = input()
sys.stdout.write("name? "); sys.stdout.flush(); again = input()
print(name, again, sys.stdin.read())
`;
  const stdin = [
    { wait: "name? " },
    "alice",
    { wait: "name? " },
    "{message}",
    { seconds: 0.05 },
    { end: true },
  ];
  const task = {
    client: { ...python(ask), stdin },
    programs: { never: { ...python("input()"), stdin: [{ wait: "> " }, "x"] } },
  };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(await outputOf(await session.start("bob")), "name? name? alice bob \n");
      const never = await session.start("", "never");
      assert.is(await never.waitForOutput("x", 0.1), false);
      assert.is(never.awaitedText, "> ");
      assert.is(never.ended, undefined);
      // a line that a check types does not wait
      never.typeLine("y");
      assert.equal(await never.ending, { status: 0, stopReason: undefined });
    }),
  );
});

boxTest("a server that does not listen is not shown, and its last lines say why", async () => {
  await withPreparedTask(
    { files: { ...files, "server.py": "raise SystemExit('no config.ini')" } },
    (prepared) => rejects(prepared.open(), "the server ended before it listened: no config.ini"),
  );
  const silent = { server: python("import time; time.sleep(60)"), timeout: 0.3 };
  await withPreparedTask({ files, task: silent }, (prepared) =>
    rejects(prepared.open(), "the server does not listen after 0.3 s: it printed nothing"),
  );
  await withPreparedTask({ files, task: { server: { command: ["no-such-program"] } } }, (prepared) =>
    rejects(prepared.open(), /failed to run command ‘no-such-program’: No such file/),
  );
  await withPreparedTask({ files }, (prepared) =>
    withSession(prepared, {}, (session) =>
      rejects(session.start("", "unknown"), "the manifest has no program unknown"),
    ),
  );
});

boxTest("a program started while its session closes is not left behind", async () => {
  await withPreparedTask({ files }, async (prepared) => {
    const before = processTree(process.pid).length;
    const session = await prepared.open();
    const late = session.start("");
    await Promise.all([rejects(late, /closed before the program was started/), session.close()]);
    await rejects(session.start(""), /closed before the program was started/);
    assert.is(processTree(process.pid).length, before);
  });
});

boxTest(
  "a client that has ended leaves its folder to the next run, and only the last two boxes remain",
  async () => {
    const client = python("f = open('log', 'a+'); f.write('x'); f.seek(0); print(f.read())");
    await withPreparedTask({ files, task: { client } }, (prepared) =>
      withSession(prepared, {}, async (session) => {
        assert.is(await outputOf(await session.start("")), "x\n");
        assert.is(await outputOf(await session.start("")), "xx\n");
        const boxes = processTree(process.pid).length;
        assert.is(await outputOf(await session.start("")), "xxx\n");
        assert.is(await outputOf(await session.start("")), "xxxx\n");
        assert.is(processTree(process.pid).length, boxes);
      }),
    );
  },
);

boxTest("files made by prepare are there in each run", async () => {
  const prepare = [
    [PYTHON, "-c", "open('first', 'w').write('1')"],
    [PYTHON, "-c", "open('second', 'w').write(open('first').read() + '2')"],
  ];
  const task = { prepare, client: python("print(open('second').read()); open('second', 'w').write('x')") };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const [first, second] = await Promise.all([session.start(""), session.start("")]);
      assert.is(await outputOf(first), "12\n");
      assert.is(await outputOf(second), "12\n");
    }),
  );
  await withPreparedTask(
    { files, task: { prepare: [[PYTHON, "-c", "raise SystemExit('no compiler')"]] } },
    async (prepared) => {
      await rejects(prepared.open(), /^prepare: .* ended with status 1: no compiler$/);
      await rejects(prepared.open(), /no compiler/);
    },
  );
});

boxTest("folders persist within a session, and in later sessions that ask for them", async () => {
  const count = `
import os
old = open("count").read() if os.path.exists("count") else ""
open("count", "w").write(old + "x"); print(old + "x")
for name, target in (("link", "/etc/passwd"), ("up", "..")):
    if not os.path.islink(name): os.symlink(target, name)
os.makedirs("keys", exist_ok=True); os.close(os.open("keys/private", os.O_CREAT | os.O_WRONLY, 0o600))
print(os.path.exists("keys/private"), oct(os.stat("keys/private").st_mode & 0o777), os.path.lexists("link"))
`;
  const counts = async (running: Parameters<typeof outputOf>[0]) => (await outputOf(running)).split("\n")[0];
  const serve = "import socket, time; s = socket.create_server(('127.0.0.1', 5000)); time.sleep(60)";
  const task = {
    server: python(`${count}\n${serve}`),
    client: python(count),
    programs: { other: python(count) },
  };
  await withPreparedTask({ files, task }, async (prepared) => {
    const first = await prepared.open({ keepFolders: true });
    assert.is(await counts(await first.start("")), "x");
    assert.is(await counts(await first.start("")), "xx");
    assert.is(await counts(await first.start("", "other")), "x");
    await first.close();
    const second = await prepared.open({ foldersFrom: first, keepFolders: true });
    await withSession(prepared, { foldersFrom: first }, async (third) => {
      assert.is(await counts(await third.start("")), "xxx");
    });
    const again = await outputOf(await second.start(""));
    // links are not kept
    assert.is(again, "xxx\nTrue 0o600 True\n");
    assert.is(second.server.stdout.split("\n")[0], "xx");
    await second.close();
    await withSession(prepared, { foldersFrom: second }, async (session) => {
      assert.is(await counts(await session.start("")), "xxxx");
      await rejects(
        prepared.open({ foldersFrom: session }),
        "the earlier session has not kept its folders, or is not closed yet",
      );
    });
    await withSession(prepared, {}, async (session) => assert.is(await counts(await session.start("")), "x"));
  });
});

boxTest("shared files are copied before a connection and each piece, and recorded", async () => {
  const task = {
    shared: ["keys/server.pub", "client.pub"],
    server: python(`
import os, socket
os.mkdir("keys"); open("keys/server.pub", "w").write("server's key")
s = socket.create_server(("127.0.0.1", 5000))
c, _ = s.accept()
print(c.recv(10), open("client.pub").read()); c.sendall(b"ok")
open("keys/server.pub", "w").write("server's second key"); c.sendall(b"now"); c.recv(1)
`),
    client: python(`
import socket
open("client.pub", "w").write("client's key")
c = socket.create_connection(("127.0.0.1", 5000), 60)
print(open("keys/server.pub").read()); c.sendall(b"hello")
print(c.recv(2))
print(c.recv(3), open("keys/server.pub").read())
`),
  };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const client = await session.start("");
      assert.is(await outputOf(client), "server's key\nb'ok'\nb'now' server's second key\n");
      assert.is(await outputOf(session.server), "b'hello' client's key\n");
      const copied = session.events.flatMap((event) =>
        event.type === "file" ? [`${event.side} ${event.name} ${Buffer.from(event.bytes)}`] : [],
      );
      assert.equal(copied, [
        "server keys/server.pub server's key",
        "client client.pub client's key",
        "server keys/server.pub server's second key",
      ]);
    }),
  );
});

boxTest("pieces are not joined on their way from a server that listens on IPv6 and IPv4", async () => {
  const task = {
    server: python(`
import socket, time
s = socket.create_server(("::", 5000), family=socket.AF_INET6, dualstack_ipv6=True)
c, _ = s.accept()
for word in (b"one", b"two", b"three"): c.sendall(word); time.sleep(0.1)
c.recv(1)
`),
    client: python(`
import socket, time
c = socket.create_connection(("127.0.0.1", 5000), 60)
for _ in range(3): print(c.recv(100)); time.sleep(1)
`),
  };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(await outputOf(await session.start("")), "b'one'\nb'two'\nb'three'\n");
    }),
  );
});

boxTest("secret files are copied, and not recorded", async () => {
  const task = {
    secrets: ["shared.key"],
    server: python(`
import socket
open("shared.key", "w").write("a key")
s = socket.create_server(("127.0.0.1", 5000)); c, _ = s.accept(); c.recv(1)
`),
    client: python(`
import socket
c = socket.create_connection(("127.0.0.1", 5000), 60); print(open("shared.key").read())
`),
  };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(await outputOf(await session.start("")), "a key\n");
      assert.equal(
        session.events.filter(({ type }) => type === "file"),
        [],
      );
    }),
  );
});

boxTest("the program starts once its relay listens, and the relay's output is not its own", async () => {
  const client = python(
    `import socket; c = socket.create_connection(("127.0.0.1", 5000), 60); c.sendall(b"hi"); print(c.recv(2))`,
  );
  const relay = `
import socket, time
print("relay")
time.sleep(0.3); s = socket.create_server(("127.0.0.1", 5000))
a, _ = s.accept(); b, _ = s.accept()
b.sendall(a.recv(2)); a.sendall(b.recv(2)); time.sleep(60)
`;
  const task = { server: { ...client, relay: python(relay).command }, client };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(await outputOf(await session.start("")), "b'hi'\n");
      assert.ok(await session.server.waitForOutput("b'hi'", 60));
      assert.is(session.server.stdout, "b'hi'\n");
    }),
  );
});

boxTest("a link, a pipe or a large file is not copied as a shared file", async () => {
  const task = {
    shared: ["link", "folder/hosts", "pipe", "large", "small"],
    server: python(`
import os, socket, time
os.symlink("/etc/hosts", "link"); os.symlink("/etc", "folder"); os.mkfifo("pipe")
open("large", "w").write("x" * 65537); open("small", "w").write("x" * 65536)
s = socket.create_server(("127.0.0.1", 5000)); time.sleep(60)
`),
    client: python(`
import os, socket
os.symlink("/tmp", "folder")
socket.create_connection(("127.0.0.1", 5000), 60)
print(sorted(os.listdir(".")), os.listdir("/tmp"))
`),
  };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(
        await outputOf(await session.start("")),
        "['folder', 'server.py', 'small', 'submission.json', 'talk.py'] []\n",
      );
    }),
  );
});

boxTest("edits change the copy that runs, and may contain its texts and address", async () => {
  const program = (body: string) =>
    `# ein Gru\xdf aus K\xf6ln\nfrom talk import *\nHOST = "192.168.0.7"\n${body}`;
  const edited = {
    ...files,
    "server.py": program('serve("server\'s text")'),
    "client.py": program('print(HOST); say("client\'s text")'),
  };
  const edits = [
    { file: "client.py", find: "192.168.0.7", replace: "{host}" },
    { file: "client.py", find: "client's text", replace: "{message}" },
    { file: "server.py", find: "server's text", replace: "{reply}" },
    { file: "talk.py", find: "received", replace: "got" },
    { file: "client.py", find: "Köln", replace: "Łódź" },
  ];
  await withPreparedTask({ files: edited, task: { edits } }, (prepared) =>
    withSession(prepared, { reply: "the reply" }, async (session) => {
      assert.is(await outputOf(await session.start("message 1")), "127.0.0.1\ngot the reply\n");
      assert.is(await outputOf(await session.start("message 2")), "127.0.0.1\ngot the reply\n");
      await session.server.waitForOutput("message 2", 60);
      assert.is(session.server.stdout, "got message 1\ngot message 2\n");
    }),
  );
  const wrong = [{ file: "client.py", find: "10.0.0.1", replace: "" }];
  await rejects(
    withPreparedTask({ files: edited, task: { edits: wrong } }, async () => {}),
    'edits[0].find: "10.0.0.1" does not occur in "client.py"',
  );
  const missing = [{ file: "klient.py", find: "x", replace: "" }];
  await rejects(
    withPreparedTask({ files: edited, task: { edits: missing } }, async () => {}),
    'edits[0].file: "klient.py" cannot be read',
  );
});

boxTest("programs start in the task's folder", async () => {
  const task = {
    folder: "lab 2/src",
    server: { command: [PYTHON, "server.py"] },
    client: python("import os; print(os.getcwd(), sorted(os.listdir('.')))"),
  };
  await withPreparedTask(
    { files: { "lab 2/src/server.py": IDLE_SERVER, "other.py": "" }, task },
    (prepared) =>
      withSession(prepared, {}, async (session) => {
        assert.is(await outputOf(await session.start("")), "/work/lab 2/src ['server.py']\n");
      }),
  );
});

boxTest("random returns the same bytes for the same seed, task and purpose", async () => {
  const draws: string[] = [];
  for (const _ of [1, 2]) {
    await withPreparedTask({ files }, async (prepared) => {
      draws.push(toHex(prepared.random("a", 16)), toHex(prepared.random("b", 16)));
    });
  }
  const [a, b, again] = draws;
  assert.is(a, again);
  assert.is.not(a, b);
  assert.is(a?.length, 32);
});

boxTest("isComputing tells computing from waiting, in threads and child processes too", async () => {
  const spin = "print('spinning', flush=True)\nwhile True: pass";
  const spinInThread = `
import threading, time
def spin():
    print("spinning", flush=True)
    while True: pass
threading.Thread(target=spin).start(); time.sleep(60)
`;
  const spinInChild = `import subprocess, sys; subprocess.run([sys.executable, "-c", ${JSON.stringify(spin)}])`;
  const sleeping = python("import time; time.sleep(60)");
  const listening = python(
    "import socket, time; s = socket.create_server(('127.0.0.1', 5000)); time.sleep(60)",
  );
  const task = { server: listening, client: sleeping, port: 5000 };
  const programs = { thread: python(spinInThread), child: python(spinInChild) };
  await withPreparedTask({ files: {}, task: { ...task, programs } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      await session.start("");
      // the interpreters are starting
      await eventually(() => !session.isComputing());
      for (const name of ["thread", "child"]) {
        const client = await session.start("", name);
        assert.ok(await client.waitForOutput("spinning", 60), name);
        for (let looks = 0; looks < 20; looks += 1) {
          await sleep(20);
          assert.ok(session.isComputing(), name);
        }
        await client.stop();
        await eventually(() => !session.isComputing());
      }
    }),
  );
});

/** Waits until `holds()` three times in a row. @throws Error after a minute */
async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  for (let times = 0; times < 3; times = holds() ? times + 1 : 0) {
    if (performance.now() > end) throw new Error("the condition was never met");
    await sleep(30);
  }
}

test.run();
