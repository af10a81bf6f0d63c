/** A program receives the same pieces through the relay as its peer sent, however slow both are. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, decodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { boxTest, outputOf, PYTHON, withPreparedTask, withSession } from "../fakes/prepared-task.ts";

/** Reads `length` bytes, and returns the pieces in which they came. */
const RECEIVE = `
import socket, sys, time
def receive(c, length):
    pieces = []
    while sum(map(len, pieces)) < length:
        time.sleep(0.2)  # late: what had arrived by now would be joined
        pieces.append(c.recv(100).decode())
    return pieces
`;
const SERVER = `${RECEIVE}
s = socket.create_server(("127.0.0.1", 5000))
while True:
    c, _ = s.accept()
    c.recv(100)
    for part in (b"one", b"two", b"three"): c.send(part)
    print(receive(c, 12), flush=True)
    c.close()
`;
const CLIENT = `${RECEIVE}
c = socket.create_connection(("127.0.0.1", 5000))
c.send(b"hello")
print(receive(c, 11))
for part in (b"four", b"five", b"last"): c.send(part)
c.recv(1)
`;
/** Milliseconds for which this process blocks, again and again, while pieces arrive. */
const BUSY = 15;
const CLIENTS = 2;

boxTest(
  "writes in a row arrive as they were sent, even if the relay and the programs read late",
  async () => {
    await withPreparedTask({ files: { "server.py": SERVER, "client.py": CLIENT } }, (prepared) =>
      withSession(prepared, {}, async (session) => {
        const busy = setInterval(() => {
          for (const end = performance.now() + BUSY; performance.now() < end; );
        }, 1);
        try {
          for (let client = 0; client < CLIENTS; client += 1)
            assert.is(await outputOf(await session.start("a message")), "['one', 'two', 'three']\n");
        } finally {
          clearInterval(busy);
        }
        assert.is(session.server.stdout, "['four', 'five', 'last']\n".repeat(CLIENTS));
      }),
    );
  },
);

/** The server reads the first piece at once, and then nothing. */
const DEAF_SERVER = `
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = s.accept()
print(c.recv(100).decode(), flush=True)
c.sendall(b"hello")
time.sleep(60)
`;
const SENDING_CLIENT = `
import socket, sys
c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
c.send(b"first")
c.recv(5)
for number in range(200): c.send(b"piece %d;" % number)
c.recv(1)
`;
const deaf = {
  files: { "server.py": DEAF_SERVER, "client.py": SENDING_CLIENT },
  task: {
    server: { command: [PYTHON, "server.py", "{port}"] },
    client: { command: [PYTHON, "client.py", "{host}", "{port}"] },
  },
};

for (const [sandbox, declare] of [
  ["bwrap", boxTest],
  ["none", test],
] as const) {
  declare(`a program that reads no more holds up nothing for long (${sandbox})`, () =>
    withPreparedTask({ ...deaf, sandbox }, async (prepared) => {
      let passed = "";
      let finish = () => {};
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const onData = (_: unknown, direction: string, bytes: Bytes) => {
        if (direction === "client to server") passed += decodeUtf8(bytes);
        if (passed.endsWith("piece 199;")) finish();
        return bytes;
      };
      await withSession(prepared, { tap: { onData } }, async (session) => {
        await session.start("a message");
        await finished;
        assert.is(session.server.stdout, "first\n");
      });
    }),
  );
}

test.run();
