/** Tasks whose programs transfer files: where files are placed, and which count as output. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { exchange } from "../exchange/exchange.ts";
import { boxTest, PYTHON, withPreparedTask, withSession } from "../fakes/prepared-task.ts";
import type { RunningProgram } from "../model/program.ts";
import type { Session } from "../model/session.ts";
import { inSequence } from "./command-sequence.ts";
import { fileNameFor, pathFor } from "./stored-file-names.ts";
import { STORED } from "./stored-files.ts";

const WATCH = {
  times: { message: 1, reply: 1 },
  patience: 3000,
  grace: 300,
  limit: 60_000,
  apart: true,
};

/** One line per file, in plaintext: the grader is what is tested here. */
const SERVER = `
import os, socket
s = socket.create_server(("127.0.0.1", 5000))
while True:
    c, _ = s.accept()
    f = c.makefile("rwb")
    for line in f:
        what, name = line.decode().split()
        path = os.path.join("shared", name)
        if what == "put": open(path, "wb").write(f.readline()[:-1])
        if what == "bad": open(path, "wb").write(b"not verified"); f.write(b"written\\n"); f.flush(); f.readline(); os.unlink(path)
        f.write((open(path, "rb").read() if what == "get" else b"ok") + b"\\n"); f.flush()
`;
const CLIENT = `
import os, socket, sys
f = socket.create_connection(("127.0.0.1", 5000), 60).makefile("rwb")
def say(line): f.write(line + b"\\n"); f.flush()
what, name = sys.argv[1:]
say((what + " " + name).encode())
if what == "put": say(open("mine/" + name, "rb").read())
if what == "bad": print(f.readline()); input(); say(b"")
answer = f.readline()[:-1]
if what == "get": open("mine/got-" + name, "wb").write(answer)
`;
const FILES = { "server.py": SERVER, "client.py": CLIENT, "shared/here": "", "mine/here": "" };
const client = (what: string, name: string) => [PYTHON, "client.py", what, name];
const TASK = {
  port: 5000,
  client: { command: client("put", "{put}"), next: [client("get", "{get}")] },
  programs: { bad: { command: client("bad", "{put}"), stdin: [{ wait: "written" }] } },
  files: { server: "shared", client: { put: "mine", get: "mine/got-{name}" } },
};
const SUBMISSION = { id: "05", files: FILES, task: TASK };

const transferFiles = (session: Session, message = "the message") =>
  exchange(session, { ...WATCH, message, reply: "the reply" });

boxTest("the texts are files, and a stored file counts as output", async () => {
  await withPreparedTask(SUBMISSION, (prepared) =>
    withSession(prepared, { reply: "the reply" }, async (session) => {
      const { times, printed, turns, client } = await transferFiles(session);
      assert.equal(times, { message: 1, reply: 1 });
      assert.ok(printed.server.includes(`${STORED}the message`));
      assert.equal([...client.stored], [[`mine/got-${fileNameFor("the reply")}`, `${STORED}the reply`]]);
      // the client runs twice: each connection is a line of its own
      assert.equal(
        turns.map(({ line, direction, ordinal }) => `${line} ${direction} ${ordinal}`),
        ["1 client to server 1", "1 server to client 1", "2 client to server 1", "2 server to client 1"],
      );
    }),
  );
});

boxTest("the next session does not find the files that were stored", async () => {
  await withPreparedTask(SUBMISSION, async (prepared) => {
    const first = await prepared.open({ reply: "the reply", keepFolders: true });
    await transferFiles(first);
    await first.close();
    const stored = join(first.folderOf("server") ?? "", "shared", fileNameFor("the message"));
    assert.is(readFileSync(stored, "utf8"), "the message");
    const tap = { onConnect: () => "refuse" as const };
    await withSession(prepared, { reply: "the reply", foldersFrom: first, tap }, async (session) => {
      assert.equal((await transferFiles(session)).times, { message: 0, reply: 0 });
    });
    assert.not.ok(existsSync(stored));
    assert.ok(existsSync(join(first.folderOf("server") ?? "", "shared/here")));
  });
});

boxTest("the second client of a session does not find the files that the first one stored", async () => {
  let refuses = false;
  const tap = { onConnect: () => (refuses ? ("refuse" as const) : ("relay" as const)) };
  await withPreparedTask(SUBMISSION, (prepared) =>
    withSession(prepared, { reply: "the reply", tap }, async (session) => {
      assert.is((await transferFiles(session)).times.reply, 1);
      refuses = true;
      assert.is((await transferFiles(session, "another message")).times.reply, 0);
    }),
  );
});

boxTest("a file that is removed no longer counts as output", async () => {
  await withPreparedTask(SUBMISSION, (prepared) =>
    withSession(prepared, { reply: "the reply" }, async (session) => {
      const running = await session.start("the message", "bad");
      await refreshUntil(session, () => session.server.stored.size === 1, running);
      assert.equal([...session.server.stored.values()], [`${STORED}not verified`]);
      running.typeLine("go on");
      await running.ending;
      await session.refresh();
      assert.is(session.server.stored.size, 0);
    }),
  );
});

boxTest("a file that was overwritten is noticed when it is stored again", async () => {
  await withPreparedTask(SUBMISSION, (prepared) =>
    withSession(prepared, { reply: "the reply" }, async (session) => {
      await transferFiles(session);
      await session.overwriteStored("the message");
      assert.is(session.server.stored.size, 0);
      await session.refresh();
      assert.is(session.server.stored.size, 0);
      const dialled = await session.dial();
      await session.watchFor("the message");
      dialled.write(encodeUtf8(`put ${fileNameFor("the message")}\nthe message\n`));
      await refreshUntil(session, () => session.server.stored.size === 1);
      assert.equal([...session.server.stored.values()], [`${STORED}the message`]);
    }),
  );
});

boxTest("files and links are placed, and a client transfers the given file", async () => {
  const serverFiles = [
    { path: "outside.txt", content: encodeUtf8("outside") },
    { path: "shared/link", target: "../outside.txt" },
  ];
  const transfer = { put: { name: "given", content: encodeUtf8("by name") }, get: "link" };
  await withPreparedTask(SUBMISSION, async (prepared) => {
    const session = await prepared.open({ reply: "the reply", serverFiles, keepFolders: true });
    await exchange(session, { ...WATCH, message: "m", reply: "the reply" }, { transfer });
    await session.close();
    const read = (side: "server" | "client", path: string) =>
      decodeUtf8(new Uint8Array(readFileSync(join(session.folderOf(side) ?? "", path))));
    assert.is(read("server", "shared/given"), "by name");
    assert.is(read("client", "mine/got-link"), "outside");
  });
});

/** Waits until `holds()`. @throws Error after a minute, or if `program` ends first */
async function refreshUntil(session: Session, holds: () => boolean, program?: RunningProgram): Promise<void> {
  const end = performance.now() + 60_000;
  while (!holds()) {
    if (program?.ended || performance.now() > end) throw new Error("the condition was never met");
    await session.refresh();
  }
}

test("fileNameFor derives a name from the text without revealing it", () => {
  assert.match(fileNameFor("a"), /^[a-z0-5]{18}\.txt$/);
  assert.is(fileNameFor("a"), fileNameFor("a"));
  assert.is.not(fileNameFor("a"), fileNameFor("b"));
});

test("pathFor returns only paths within the task's folder", () => {
  assert.is(pathFor("a/{name}", "x"), "a/x");
  assert.is(pathFor("a/copy of {name}", "$&"), "a/copy of $&");
  assert.is(pathFor("a/{name}", "../x"), "x");
  for (const outside of ["../../x", "../..", "/x"])
    assert.is(pathFor(outside.startsWith("/") ? "{name}" : "a/{name}", outside), undefined);
});

test("inSequence joins several commands, and quotes each", () => {
  assert.equal(inSequence([["a", "b c"]]), ["a", "b c"]);
  assert.equal(inSequence([["a", "it's"], ["b"]]), [
    "sh",
    "-c",
    `status=0\n'a' 'it'\\''s' || status=$?\n'b' || status=$?\nexit "$status"`,
  ]);
});

test.run();
