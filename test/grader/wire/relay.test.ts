/** A program receives the same pieces through the relay as it would without one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boxTest, outputOf, withPreparedTask, withSession } from "../fakes/prepared-task.ts";

/** Reads `length` bytes, and returns the pieces in which they came. */
const RECEIVE = `
import socket
def receive(c, length):
    pieces = []
    while sum(map(len, pieces)) < length: pieces.append(c.recv(100).decode())
    return pieces
`;
const SERVER = `${RECEIVE}
s = socket.create_server(("127.0.0.1", 5000))
count = 0
while True:
    c, _ = s.accept()
    c.recv(100)
    c.send(b"one")
    c.send(b"two")
    count += 1
    print(count, receive(c, 9), flush=True)
    c.close()
`;
const CLIENT = `${RECEIVE}
c = socket.create_connection(("127.0.0.1", 5000))
c.send(b"hello")
print(receive(c, 6))
c.send(b"three")
c.send(b"four")
c.recv(1)
`;
/** Milliseconds for which this process blocks, again and again, while pieces arrive. */
const BUSY = 15;
/**
 * On a busy machine this process may be stopped for longer than an acknowledgement can be delayed.
 * Without that delay, no attempt succeeds: the two pieces are written within microseconds.
 */
const ATTEMPTS = 25;
/** Seconds after which the server is taken to be stuck. */
const STUCK = 60;

boxTest("two small pieces sent in a row arrive as two, even if the relay reads late", async () => {
  await withPreparedTask({ files: { "server.py": SERVER, "client.py": CLIENT } }, (prepared) =>
    withSession(prepared, { preservePieces: true }, async (session) => {
      const busy = setInterval(() => {
        for (const end = performance.now() + BUSY; performance.now() < end; );
      }, 1);
      let received = "";
      try {
        for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
          received += await outputOf(await session.start("a message"));
          assert.ok(await session.server.waitForOutput(`${attempt} [`, STUCK));
          if (received.includes("['one', 'two']") && session.server.stdout.includes("['three', 'four']"))
            return;
        }
      } finally {
        clearInterval(busy);
      }
      assert.unreachable(`the client received ${received}, the server ${session.server.stdout}`);
    }),
  );
});

test.run();
