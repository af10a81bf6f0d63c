/** Small submissions of many kinds, none with a manifest: each is started, and proved. */
import { cpSync, existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { boxTest } from "../fakes/prepared-task.ts";
import { parseManifest } from "../manifest/load.ts";
import { DRAFT_NAME, type InitResult, initFolder } from "./init-folder.ts";

const FIXTURES = fileURLToPath(new URL("fixtures", import.meta.url));
const OPTIONS = { task: undefined, signal: new AbortController().signal, progress: () => {} };

/** By fixture: what its manifest must say, besides the commands. */
const EXPECTED: Record<string, object> = {
  "argument-python": {},
  "prompts-python": {
    client: {
      stdin: [
        ...[{ wait: "Your name: " }, "alice", { wait: "Server address [localhost]: " }, "{host}"],
        ...[{ wait: "Port: " }, "{port}", { wait: "Message to send" }, "{message}"],
      ],
    },
  },
  "literal-python": {
    port: 6789,
    texts: { message: "The treasure is under the old oak", reply: "Thank you for connecting" },
  },
  "relay-python": { server: { relay: ["python3", "server.py"] }, port: 5555 },
  "authority-python": { server: { relay: ["python3", "pkda.py"], command: ["python3", "responder.py"] } },
  "key-file-python": { prepare: [["python3", "make_key.py"]], port: 9000 },
  "ipv6-perl": { client: { command: ["perl", "client.pl", "::1", "{message}"] } },
  "second-port-node": { port: 4000 },
  "one-file-python": { hosts: ["192.168.1.20"], port: 9999 },
};

for (const [name, expected] of Object.entries(EXPECTED))
  boxTest(`initFolder launches ${name}`, () =>
    withSubmission(name, async (folder) => {
      const { tasks, written } = await initFolder(folder, OPTIONS);
      const [result] = tasks;
      assert.equal(result?.problems, []);
      assert.equal(result?.proof, { message: true, reply: true });
      assert.is(written, "submission.json");
      const json: unknown = JSON.parse(readFileSync(join(folder, "submission.json"), "utf8"));
      assert.ok(parseManifest(json, name).tasks["part1"]);
      assertContains(json, { tasks: { part1: expected } });
    }),
  );

boxTest("initFolder says why a program cannot be started, and writes nothing", () =>
  withFiles(
    {
      "server.py": "import socket, surely_missing\nsocket.socket().bind(('', 1))",
      "client.py": "import socket\nsocket.socket().connect(('', 1))",
    },
    async (folder) => {
      const result = await initFolder(folder, OPTIONS);
      assert.match(problems(result), /the Python module surely_missing is missing: python3 -m pip install/);
      assert.is(result.written, undefined);
      assert.not.ok(existsSync(join(folder, "submission.json")));
    },
  ),
);

boxTest("initFolder writes a draft if the programs connect, but no text arrives", () =>
  withFiles(
    {
      "server.py": "import socket\ns = socket.create_server(('', 7000))\ns.accept()[0].recv(100)",
      "client.py": "import socket\ns = socket.create_connection(('localhost', 7000))\ns.send(b'\\x01\\x02')",
    },
    async (folder) => {
      const result = await initFolder(folder, OPTIONS);
      assert.is(result.written, DRAFT_NAME);
      assert.match(problems(result), /the client was asked for no message/);
    },
  ),
);

boxTest("initFolder replaces a link where it writes, and leaves alone what that leads to", () => {
  const server = "import socket\ns = socket.create_server(('', 7000))\ns.accept()[0].recv(100)";
  const client = "import socket\ns = socket.create_connection(('localhost', 7000))\ns.send(b'\\x01\\x02')";
  return withFiles({ "server.py": server, "client.py": client }, async (folder) => {
    const file = join(folder, DRAFT_NAME);
    symlinkSync("server.py", file);
    assert.is((await initFolder(folder, OPTIONS)).written, DRAFT_NAME);
    assert.is(readFileSync(join(folder, "server.py"), "utf8"), server);
    assert.ok(lstatSync(file).isFile());
  });
});

boxTest("initFolder is not stopped by programs that loop, fork and print forever", () =>
  withFiles(
    {
      "server.py":
        "import os, socket\nif os.fork() and os.fork():\n    while True: print('x' * 1000)\nwhile True: pass\nsocket.socket().bind(('', 1))",
      "client.py": "import socket\nsocket.socket().connect(('', 1))",
    },
    async (folder) => {
      const result = await initFolder(folder, OPTIONS);
      assert.match(
        problems(result),
        /the server does not listen: was stopped by the grader: it printed too much/,
      );
      assert.ok(result.seconds < 60, `it took ${result.seconds} s`);
    },
  ),
);

boxTest("initFolder ends its programs when it is aborted", () =>
  withSubmission("literal-python", async (folder) => {
    const control = new AbortController();
    const aborting = { ...OPTIONS, signal: control.signal, progress: () => control.abort() };
    await rejects(initFolder(folder, aborting), /aborted/);
    assert.not.ok(existsSync(join(folder, "submission.json")));
  }),
);

test("initFolder says what it looked for if there is no pair of programs", () =>
  withFiles({ "server.py": "import socket\nsocket.socket().bind(('', 1))" }, async (folder) => {
    const result = await initFolder(folder, OPTIONS);
    assert.match(problems(result), /these listen: server\.py; these connect: none/);
  }));

function problems({ tasks }: InitResult): string {
  return tasks.flatMap((task) => task.problems).join("\n");
}

/** Fails unless `actual` has all that `expected` has. */
function assertContains(actual: unknown, expected: unknown, place = ""): void {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) {
    assert.equal(actual, expected, place);
    return;
  }
  const fields = new Map(Object.entries(Object(actual)));
  for (const [key, value] of Object.entries(expected))
    assertContains(fields.get(key), value, `${place}.${key}`);
}

function withSubmission(name: string, use: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    cpSync(join(FIXTURES, name), folder, { recursive: true });
    await use(folder);
  });
}

function withFiles(files: Record<string, string>, use: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    await use(folder);
  });
}

test.run();
