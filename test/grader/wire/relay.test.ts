/** What a program hears is what it would hear without a wire between: the same pieces. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { boxTest, outputOf, withPreparedTask, withSession } from "../fakes/prepared-task.ts";

/** Says what comes in two reads; two pieces that came as one leave nothing for the second. */
const HEAR = `
import socket
def hear(c):
    c.settimeout(0.5)
    heard = []
    try:
        for _ in range(2): heard.append(c.recv(100).decode())
    except TimeoutError: pass
    return heard
`;
const SERVER = `${HEAR}
s = socket.create_server(("127.0.0.1", 5000))
while True:
    c, _ = s.accept()
    c.recv(100)
    c.send(b"one")
    c.send(b"two")
    print(hear(c), flush=True)
    c.close()
`;
const CLIENT = `${HEAR}
c = socket.create_connection(("127.0.0.1", 5000))
c.send(b"hello")
print(hear(c))
c.send(b"three")
c.send(b"four")
c.recv(1)
`;
/** Milliseconds that this process stands still, again and again, while pieces arrive. */
const BUSY = 15;
/** On a machine that has much else to do it may stand still for longer. */
const ATTEMPTS = 6;

boxTest("two small pieces that are sent one behind the other come as two, though we read late", async () => {
  await withPreparedTask({ files: { "server.py": SERVER, "client.py": CLIENT } }, (prepared) =>
    withSession(prepared, { preservePieces: true }, async (session) => {
      const busy = setInterval(() => {
        for (const end = performance.now() + BUSY; performance.now() < end; );
      }, 1);
      const heard: string[] = [];
      try {
        for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
          heard.push(await outputOf(await session.start("a message")));
          if (
            heard.includes("['one', 'two']\n") &&
            (await session.server.waitForOutput("['three', 'four']\n", 1))
          )
            return;
        }
      } finally {
        clearInterval(busy);
      }
      assert.unreachable(`the client heard ${heard.join()}, the server ${session.server.stdout}`);
    }),
  );
});

test.run();
