/** The wire between two boxes: it mirrors listeners, relays connections, and obeys the tap. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { rejects } from "../../support/rejects.ts";
import { boxTest, outputOf, withPreparedTask, withSession } from "../fakes/prepared-task.ts";
import type { SessionOptions } from "../model/session.ts";
import type { Connection, Tap } from "../model/tap.ts";

/** Seconds after which a program is taken to be stuck. */
const STUCK = 60;

const PRELUDE = "import socket, struct, sys, time\n";

/** Runs two Python programs against each other; returns what each printed. */
async function talk(
  server: string,
  client: string,
  options: SessionOptions = {},
  task: object = {},
): Promise<{ server: string; client: string }> {
  const printed = { server: "", client: "" };
  const files = { "server.py": PRELUDE + server, "client.py": PRELUDE + client };
  await withPreparedTask({ files, task }, (prepared) =>
    withSession(prepared, options, async (session) => {
      printed.client = await outputOf(await session.start("a message"));
      printed.server = await outputOf(session.server);
    }),
  );
  return printed;
}

const SERVER = `
s = socket.create_server(("127.0.0.1", 5000))
c, peer = s.accept()
`;
const CLIENT = `
c = socket.create_connection(("127.0.0.1", 5000), 60)
`;
/** Reads to the end of the stream. */
const READ = `
def read(c):
    parts = []
    while part := c.recv(65536): parts.append(part)
    return b"".join(parts)
`;

const ROUNDS = 20;
const SECOND_PORT_CLIENT = `
for number in range(${ROUNDS}):
    c = socket.create_connection(("127.0.0.1", 5000), 60)
    port = int(c.recv(10))
    print(socket.create_connection(("127.0.0.1", port), 60).recv(10).decode())
`;
const ROUND_NUMBERS = Array.from({ length: ROUNDS }, (_, number) => `${number}\n`).join("");

boxTest("a second port can be used as soon as the server has announced it", async () => {
  const { client } = await talk(
    `
s = socket.create_server(("127.0.0.1", 5000))
for number in range(${ROUNDS}):
    c, _ = s.accept()
    t = socket.create_server(("127.0.0.1", 0))
    c.sendall(str(t.getsockname()[1]).encode())
    d, _ = t.accept()
    d.sendall(str(number).encode())
    t.close()
`,
    SECOND_PORT_CLIENT,
  );
  assert.is(client, ROUND_NUMBERS);
});

boxTest("a second port may be announced just before it opens", async () => {
  const { client } = await talk(
    `
s = socket.create_server(("127.0.0.1", 5000))
for number in range(${ROUNDS}):
    c, _ = s.accept()
    c.sendall(str(6000 + number).encode())
    t = socket.create_server(("127.0.0.1", 6000 + number))
    d, _ = t.accept()
    d.sendall(str(number).encode())
    t.close()
`,
    SECOND_PORT_CLIENT,
  );
  assert.is(client, ROUND_NUMBERS);
});

boxTest("the server may send first, and a side that ended its half still receives", async () => {
  const { server, client } = await talk(
    `${READ}${SERVER}
c.sendall(b"welcome")
print(read(c))
c.sendall(b"thanks"); c.shutdown(socket.SHUT_WR); print(c.recv(1))
`,
    `${READ}${CLIENT}
print(c.recv(7))
c.sendall(b"hello"); c.shutdown(socket.SHUT_WR)
print(read(c))
`,
  );
  assert.is(server, "b'hello'\nb''\n");
  assert.is(client, "b'welcome'\nb'thanks'\n");
});

boxTest("data sent right before a close arrives", async () => {
  const { server } = await talk(
    `${READ}
s = socket.create_server(("127.0.0.1", 5000))
for _ in range(${ROUNDS}): print(read(s.accept()[0]).decode())
`,
    `
for number in range(${ROUNDS}):
    c = socket.create_connection(("127.0.0.1", 5000), 60)
    c.sendall(str(number).encode()); c.close()
`,
  );
  assert.is(server, ROUND_NUMBERS);
});

boxTest("the server sees the client's source port", async () => {
  const { server, client } = await talk(`${SERVER}print(peer)`, `${CLIENT}print(c.getsockname())`);
  assert.match(client, /^\('127\.0\.0\.1', \d+\)\n$/);
  assert.is(server, client);
});

boxTest("two clients from the same port both reach the server", async () => {
  const files = {
    "server.py": `${PRELUDE}
s = socket.create_server(("127.0.0.1", 5000))
held = [s.accept() for _ in range(2)]
for c, peer in held: print(peer[1], c.recv(5)); c.sendall(b"ok")
`,
    "client.py": `${PRELUDE}
c = socket.create_connection(("127.0.0.1", 5000), 60, ("127.0.0.1", 50505))
c.sendall(b"hello"); print(c.recv(5))
`,
  };
  await withPreparedTask({ files }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const clients = await Promise.all([session.start("a"), session.start("b")]);
      for (const client of clients) assert.is(await outputOf(client), "b'ok'\n");
      const lines = (await outputOf(session.server)).trim().split("\n");
      assert.is(lines.filter((line) => line === "50505 b'hello'").length, 1);
      assert.is(lines.length, 2);
    }),
  );
});

boxTest("a reset is forwarded in both directions", async () => {
  const reset = 'c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()';
  const wait = `
try: print(c.recv(5))
except ConnectionResetError: print("reset")
`;
  assert.is((await talk(`${SERVER}${wait}`, `${CLIENT}${reset}`)).server, "reset\n");
  // the reset may arrive while the client still connects
  assert.match((await talk(`${SERVER}${reset}`, `${CLIENT}${wait}`)).client, /reset\n|reset by peer\n/);
});

boxTest("IPv6 listeners work, with and without IPv4 on the same port", async () => {
  const answer = `
import threading
def serve(family, address, port, text, only):
    s = socket.socket(family); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    s.bind((address, port)); s.listen()
    def run():
        while True: s.accept()[0].sendall(text)
    threading.Thread(target=run).start()
serve(socket.AF_INET6, "::", 5001, b"six of two", 1)
serve(socket.AF_INET, "0.0.0.0", 5001, b"four of two", 1)
serve(socket.AF_INET6, "::", 5002, b"both", 0)
serve(socket.AF_INET6, "::1", 5003, b"six", 1)
serve(socket.AF_INET, "127.0.0.5", 5004, b"five", 1)
serve(socket.AF_INET6, "::1", 5000, b"last", 1)
`;
  const files = {
    "server.py": PRELUDE + answer,
    "client.py": `${PRELUDE}
def ask(host, port):
    try: print(host, port, socket.create_connection((host, port), 60).recv(20))
    except OSError as error: print(host, port, error.strerror)
def ready():
    try: return socket.create_connection(("::1", 5000), 60).recv(20)
    except OSError: return b""
# the server opens this port last
while ready() != b"last": time.sleep(0.01)
ask("::1", 5001); ask("127.0.0.1", 5001); ask("::1", 5002); ask("127.0.0.1", 5002)
ask("::1", 5003); ask("localhost", 5003); ask("127.0.0.1", 5003); ask("127.0.0.5", 5004); ask("127.0.0.1", 5004)
`,
  };
  await withPreparedTask({ files }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      assert.is(
        await outputOf(await session.start("a")),
        `::1 5001 b'six of two'
127.0.0.1 5001 b'four of two'
::1 5002 b'both'
127.0.0.1 5002 b'both'
::1 5003 b'six'
localhost 5003 b'six'
127.0.0.1 5003 Connection refused
127.0.0.5 5004 b'five'
127.0.0.1 5004 Connection refused
`,
      );
      assert.equal(new Set(await session.ports()), new Set([5000, 5001, 5002, 5003, 5004]));
    }),
  );
});

boxTest("a port is open as long as the server listens on it, even below 1024", async () => {
  const files = {
    "server.py": `${PRELUDE}
s = socket.create_server(("127.0.0.1", 80))
input()
s.close()
time.sleep(60)
`,
    "client.py": `${PRELUDE}
socket.create_connection(("127.0.0.1", 80), 60); print("open", flush=True)
input()
while True:
    try: socket.create_connection(("127.0.0.1", 80), 60)
    except ConnectionResetError: pass  # a connection in the queue of a listener that closes
    except ConnectionRefusedError: break
    time.sleep(0.02)
print("refused")
`,
  };
  await withPreparedTask({ files }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const client = await session.start("a");
      assert.is(await client.waitForOutput("open\n", STUCK), true);
      session.server.typeLine("close");
      while ((await session.ports()).length > 0) await pause(5);
      client.typeLine("again");
      assert.is(await outputOf(client), "open\nrefused\n");
      await rejects(session.dial(), "the server no longer listens");
    }),
  );
});

boxTest("a client may listen, and the server connect to it", async () => {
  const { server, client } = await talk(
    `${SERVER}
port = int(c.recv(10))
d = socket.create_connection(("127.0.0.1", port), 60)
d.sendall(b"called back"); print(d.recv(20))
`,
    `${CLIENT}
t = socket.create_server(("127.0.0.1", 0))
c.sendall(str(t.getsockname()[1]).encode())
d, _ = t.accept()
print(d.recv(20)); d.sendall(b"heard")
`,
  );
  assert.is(client, "b'called back'\n");
  assert.is(server, "b'heard'\n");
});

boxTest("names and addresses of other hosts lead to the server", async () => {
  const { client } = await talk(
    `
s = socket.create_server(("192.168.7.5", 5000))
s.accept()[0].sendall(b"here")
`,
    `
print(socket.create_connection(("192.168.7.5", 5000), 60).recv(4))
try: socket.create_connection(("lab-pc", 5000), 60)
except ConnectionRefusedError: print(socket.gethostbyname("lab-pc"))
`,
    {},
    { hosts: ["lab-pc", "192.168.7.5"] },
  );
  assert.is(client, "b'here'\n127.0.0.1\n");
});

boxTest("a large transfer arrives intact, at the reader's pace", async () => {
  const size = 8 << 20;
  const { server, client } = await talk(
    `${READ}import hashlib${SERVER}
time.sleep(0.3)
received = read(c); print(len(received), hashlib.sha256(received).hexdigest())
c.sendall(received[::-1]); c.close()
`,
    `${READ}import hashlib, random${CLIENT}
data = random.Random(1).randbytes(${size})
c.sendall(data); c.shutdown(socket.SHUT_WR)
print(len(data), hashlib.sha256(data).hexdigest())
print(read(c)[::-1] == data)
`,
  );
  assert.is(client, `${server}True\n`);
  assert.ok(server.startsWith(`${size} `));
});

// The tap.

const ECHO = `
s = socket.create_server(("127.0.0.1", 5000))
while True:
    c, _ = s.accept()
    while data := c.recv(100): print(data.decode()); c.sendall(data.upper())
    print("end"); c.close()
`;
const SAY = `${READ}${CLIENT}
c.sendall(b"hello"); c.shutdown(socket.SHUT_WR)
try: print(read(c).decode())
except OSError as error: print(error.strerror)
`;

/**
 * Lets a client send "hello" to a server that echoes it in capitals; returns the output of both.
 *
 * @param serverEnds the client's end reaches the server
 */
async function tapped(tap: Tap, serverEnds = true): Promise<{ client: string; server: string }> {
  const printed = { client: "", server: "" };
  await withPreparedTask({ files: { "server.py": PRELUDE + ECHO, "client.py": PRELUDE + SAY } }, (prepared) =>
    withSession(prepared, { tap }, async (session) => {
      printed.client = await outputOf(await session.start("a"));
      if (serverEnds) assert.ok(await session.server.waitForOutput("end\n", STUCK));
      printed.server = session.server.stdout;
    }),
  );
  return printed;
}

boxTest("a tap sees each piece, and can alter it", async () => {
  const seen: string[] = [];
  const onData = (_: Connection, direction: string, bytes: Bytes) => {
    seen.push(`${direction}: ${decodeUtf8(bytes)}`);
    return encodeUtf8(`${decodeUtf8(bytes)}!`);
  };
  assert.equal(await tapped({ onData }), { server: "hello!\nend\n", client: "HELLO!!\n" });
  assert.equal(seen, ["client to server: hello", "server to client: HELLO!"]);
});

boxTest("a tap can drop a piece, hide an end, and inject bytes", async () => {
  const nothing: Bytes = new Uint8Array(0);
  assert.equal(await tapped({ onData: () => nothing }), { server: "end\n", client: "\n" });
  const { client } = await tapped(
    {
      onEnd: (connection, direction) => {
        if (direction === "server to client") return true;
        connection.inject("server to client", encodeUtf8("forged"));
        connection.end("server to client");
        return false;
      },
    },
    false,
  );
  assert.match(client, /forged/);
});

boxTest("a tap can refuse connections, or play the server", async () => {
  const refused = await tapped({ onConnect: () => "refuse" }, false);
  assert.is(refused.server, "");
  assert.match(refused.client, /Connection reset by peer\n$/);
  const played: string[] = [];
  const { client, server } = await tapped(
    {
      onConnect: (connection) => {
        connection.inject("server to client", encodeUtf8("I am "));
        return "play";
      },
      onData: (connection, direction, bytes) => {
        played.push(`${direction}: ${decodeUtf8(bytes)}`);
        connection.inject("server to client", encodeUtf8("the server"));
        connection.end("server to client");
        return bytes;
      },
    },
    false,
  );
  assert.is(server, "");
  assert.is(client, "I am the server\n");
  assert.equal(played, ["client to server: hello"]);
});

boxTest("a tap can keep a port open that the server closed, and answer there", async () => {
  const server = `${PRELUDE}${SERVER}s.close(); c.recv(1)`;
  const client = `${PRELUDE}${CLIENT}print(c.recv(10).decode(), flush=True); c.recv(1)`;
  for (const keepsPorts of [true, false]) {
    const tap: Tap = {
      keepPortsOpen: keepsPorts,
      onConnect(connection) {
        if (connection.id > 1) connection.inject("server to client", encodeUtf8("from tap"));
        else connection.inject("server to client", encodeUtf8("first"));
        return connection.id > 1 ? "play" : "relay";
      },
    };
    await withPreparedTask({ files: { "server.py": server, "client.py": client } }, (prepared) =>
      withSession(prepared, { tap }, async (session) => {
        const first = await session.start("");
        assert.ok(await first.waitForOutput("first", STUCK));
        while ((await session.ports()).length > 0) await pause(5);
        const second = await session.start("");
        assert.is(await second.waitForOutput(keepsPorts ? "from tap" : "Connection refused", STUCK), true);
      }),
    );
  }
});

boxTest("an error in a tap is thrown when the session closes", async () => {
  const tap = {
    onData: () => {
      throw new Error("internal error");
    },
  };
  await rejects(tapped(tap, false), "internal error");
});

boxTest("events are recorded, in order", async () => {
  await withPreparedTask({ files: { "server.py": PRELUDE + ECHO, "client.py": PRELUDE + SAY } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      await outputOf(await session.start("a"));
      await session.server.waitForOutput("end\n", STUCK);
      // a line may arrive in two pieces
      const printed = new Map<string, string>();
      const seen = session.events.flatMap((event) => {
        if (event.type === "data") return `${event.direction}: ${decodeUtf8(event.passed)}`;
        if (event.type === "connect")
          return `connect ${event.address}:${event.port} of program ${event.client}`;
        if (event.type === "end") return `end ${event.direction}`;
        if (event.type === "printed") {
          const from = `${event.side} ${event.stream}`;
          printed.set(from, (printed.get(from) ?? "") + event.text);
          return [];
        }
        return event.type === "exit" ? `${event.side} exits with ${event.ending.status}` : event.type;
      });
      assert.equal(seen.slice(0, 2), ["connect 127.0.0.1:5000 of program 2", "client to server: hello"]);
      assert.equal(seen.toSorted(), [
        "client exits with 0",
        "client to server: hello",
        "connect 127.0.0.1:5000 of program 2",
        "end client to server",
        "end server to client",
        "server to client: HELLO",
      ]);
      const firstLines = [...printed].map(([from, text]) => `${from}: ${text.split("\n")[0]}`);
      assert.equal(firstLines.toSorted(), ["client stdout: HELLO", "server stdout: hello"]);
      const times = session.events.map(({ at }) => at);
      assert.equal(
        times,
        times.toSorted((a, b) => a - b),
      );
    }),
  );
});

boxTest("the grader can connect to the server itself", async () => {
  await withPreparedTask({ files: { "server.py": PRELUDE + ECHO, "client.py": PRELUDE + SAY } }, (prepared) =>
    withSession(prepared, {}, async (session) => {
      const first = await session.dial();
      first.write(encodeUtf8("knock"));
      assert.is(await first.closed(0.2), false);
      first.end();
      assert.is(await first.closed(STUCK), true);
      assert.is(decodeUtf8(first.received), "KNOCK");
      await rejects(session.dial(1), "the server does not listen on port 1");
      const second = await session.dial(5000);
      second.reset();
      assert.is(await session.server.waitForOutput("ConnectionResetError", STUCK), true);
    }),
  );
});

test.run();
