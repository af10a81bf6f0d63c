import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DataConnection } from "../../../exercises/05-ftp/ftp/server/data-connection.ts";
import { PassivePort } from "../../../exercises/05-ftp/ftp/server/data-port.ts";
import { unprotected } from "../../../exercises/05-ftp/ftp/server/data-stream.ts";
import { PassivePorts } from "../../../exercises/05-ftp/ftp/server/passive-ports.ts";
import { decodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { PortPool } from "../../../lib/net/port-pool.ts";
import { findFreePorts } from "../../support/free-ports.ts";

const LOCALHOST = "127.0.0.1";
const { signal } = new AbortController();
const WAITING = { local: LOCALHOST, peer: LOCALHOST, timeout: 60, user: "alice", signal };

const unprotectedSoon = unprotected(5);

for (const isEarly of [false, true]) {
  const what = isEarly ? "one that begins is protected before" : "one that says nothing waits";
  test(`a client that lets the command wait: ${what}`, async () => {
    const pool = new PassivePorts(new PortPool([await findFreePorts(1)]));
    const port = await PassivePort.listen(pool, WAITING);
    if (!port) throw new Error("no port");
    const directions: (string | undefined)[] = [];
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const protect: typeof unprotectedSoon = async (socket, direction) => {
      directions.push(direction);
      begin();
      return unprotectedSoon(socket, direction);
    };
    const connection = new DataConnection(port, protect, { handshakesFirst: false });
    const client = connect(port.port, LOCALHOST);
    try {
      await once(client, "connect");
      if (isEarly) client.write("first ");
      await Promise.race([begun, wait(isEarly ? 60_000 : 100, undefined, { ref: false })]);
      assert.equal(directions, isEarly ? [undefined] : []);
      const stream = await connection.open("up");
      assert.equal(directions, [isEarly ? undefined : "up"]);
      client.end("and last");
      let text = "";
      await stream.receive((piece) => {
        text += decodeUtf8(piece);
        return undefined;
      });
      assert.is(text, isEarly ? "first and last" : "and last");
    } finally {
      client.destroy();
      connection.close();
    }
  });
}

test("a client that has once started its handshake first is waited for, until it does not", async () => {
  const habits = { handshakesFirst: false };
  const first = await findFreePorts(3);
  const pool = new PassivePorts(new PortPool([first, first + 1, first + 2]));
  // the handshake: the client's first bytes
  const protect: typeof unprotectedSoon = async (socket, direction) => {
    if (socket.readableLength === 0) await once(socket, "readable");
    return unprotectedSoon(socket, direction);
  };
  const use = async (work: (client: Socket, greet: () => Promise<void>) => Promise<void>) => {
    const port = await PassivePort.listen(pool, WAITING);
    if (!port) throw new Error("no port");
    const connection = new DataConnection(port, protect, habits);
    const client = connect(port.port, LOCALHOST);
    try {
      await once(client, "connect");
      await work(client, () => connection.greet("up"));
    } finally {
      client.destroy();
      connection.close();
    }
  };

  await use(async (client, greet) => {
    client.write("first");
    // the server may not have read it yet
    while (!habits.handshakesFirst) await greet();
  });
  await use(async (client, greet) => {
    let isGreeted = false;
    const greeting = greet().then(() => {
      isGreeted = true;
    });
    await wait(50);
    assert.is(isGreeted, false);
    client.write("late");
    await greeting;
    assert.is(habits.handshakesFirst, true);
  });
  await use(async (_, greet) => {
    await greet();
    assert.is(habits.handshakesFirst, false);
  });
});

test.run();
