/** Running without namespaces: two ports, and a relay between them. */
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { rejects } from "../../support/rejects.ts";
import { outputOf, PYTHON, withPreparedTask, withSession } from "../fakes/prepared-task.ts";
import { isListening, listensInNetstat, listensInTable, unreadInTable } from "./listening.ts";

const SERVER = `
import os, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("seen", "a").write("x"); print(open("seen").read())
while True:
    c, _ = s.accept()
    while data := c.recv(100): print(data.decode()); c.sendall(data.upper())
    c.close()
`;
const CLIENT = `
import socket, sys
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
c.sendall(sys.argv[3].encode()); c.shutdown(socket.SHUT_WR); print(c.recv(100).decode())
`;
const files = { "server.py": SERVER, "client.py": CLIENT };
const server = { command: [PYTHON, "server.py", "{port}"] };
const client = { command: [PYTHON, "client.py", "{host}", "{port}", "{message}"] };

test("programs run without namespaces, with the wire between two ports, and the report notes it", () =>
  withPreparedTask({ files, task: { server, client }, sandbox: "none" }, async (prepared, { isolation }) => {
    assert.is(isolation.kind, "none");
    assert.is(isolation.notes[0], "not isolated: as requested");
    const onData = (_: unknown, __: unknown, bytes: Uint8Array<ArrayBuffer>) =>
      encodeUtf8(`${decodeUtf8(bytes)}!`);
    const first = await prepared.open({ tap: { onData }, keepFolders: true });
    assert.is(await outputOf(await first.start("hello")), "HELLO!!\n");
    assert.equal((await first.ports()).length, 1);
    const dialled = await first.dial();
    dialled.write(encodeUtf8("knock"));
    dialled.end();
    assert.is(await dialled.closed(60), true);
    assert.is(decodeUtf8(dialled.received), "KNOCK");
    await first.close();
    await withSession(prepared, { foldersFrom: first }, async (second) => {
      assert.is(await second.server.waitForOutput("xx", 60), true);
      const [one, two] = await Promise.all([second.start("one"), second.start("two")]);
      assert.is(await outputOf(one), "ONE\n");
      assert.is(await outputOf(two), "TWO\n");
      const connects = second.events.filter(({ type }) => type === "connect");
      assert.equal(connects.map((event) => "client" in event && event.client).toSorted(), [2, 3]);
    });
  }));

test("processes left behind without namespaces are ended, if they stay in their group", () =>
  withPreparedTask(
    {
      files: {
        ...files,
        "client.py": "import os, time\nif os.fork() == 0: time.sleep(60)\nprint('gone', flush=True)",
      },
      task: { server, client },
      sandbox: "none",
    },
    (prepared) =>
      withSession(prepared, {}, async (session) => {
        assert.is(await outputOf(await session.start("")), "gone\n");
      }),
  ));

test("a client that is not given a port cannot be graded without namespaces", async () => {
  const open = (task: object) =>
    withPreparedTask({ files, task: { server, client, ...task }, sandbox: "none" }, (prepared) =>
      withSession(prepared, {}, async (session) => {
        await session.start("");
      }),
    );
  const literal = { command: [PYTHON, "client.py", "127.0.0.1", "5000", ""] };
  await rejects(
    open({ client: literal }),
    /a different port from the server's, but its port is in its source/,
  );
  await rejects(open({ client: literal, port: 5000 }), /but port 5000 is in its source: pass it \{port\}/);
  await rejects(
    open({ prepare: [["true"]], edits: [{ file: "client.py", find: "60)", replace: "{port})" }] }),
    /edits with \{port\} are too late/,
  );
});

test("isListening finds a listener without connecting", async () => {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  assert.is(await isListening(address.port), true);
  listener.close();
  await once(listener, "close");
  assert.is(await isListening(address.port), false);
});

test("listensInTable and listensInNetstat read the tables of Linux, macOS and Windows", () => {
  const linux = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000
   1: 0100007F:1389 0100007F:1388 01 00000000:00000000`;
  assert.ok(listensInTable(linux, 0x1388));
  assert.not.ok(listensInTable(linux, 0x1389));
  const mac = `Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  127.0.0.1.5000         *.*                    LISTEN
tcp46      0      0  *.5001                 *.*                    LISTEN
tcp4       0      0  127.0.0.1.5002         127.0.0.1.5000         ESTABLISHED`;
  const windows = `  Proto  Local Address          Foreign Address        State
  TCP    127.0.0.1:5000         0.0.0.0:0              LISTENING
  TCP    [::]:5001              [::]:0                 LISTENING
  TCP    127.0.0.1:5002         127.0.0.1:5000         ESTABLISHED`;
  for (const output of [mac, windows]) {
    assert.ok(listensInNetstat(output, 5000));
    assert.ok(listensInNetstat(output, 5001));
    assert.not.ok(listensInNetstat(output, 5002));
    assert.not.ok(listensInNetstat(output, 500));
  }
});

test("unreadInTable adds up what is on its way and what waits to be read, in one direction", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:1388 00000000:0000 0A 00000000:00000080
   1: 0100007F:1389 0100007F:1388 01 00000003:00000010
   2: 0100007F:1388 0100007F:1389 01 00000100:00000020`;
  assert.is(unreadInTable(table, 0x1389, 0x1388), 0x23);
  assert.is(unreadInTable(table, 0x1388, 0x1389), 0x110);
  assert.is(unreadInTable(table, 0x1388, 0x9999), 0);
});

test.run();
