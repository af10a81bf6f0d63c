/** Connections over a carrier that may lose, repeat and mix up messages. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { Channel } from "../../../lib/channel/channel.ts";
import {
  DATA,
  decodeMessage,
  END,
  MESSAGE_HEADER_LENGTH,
  MessageConnection,
} from "../../../lib/net/message-connection.ts";
import { lookUp, preSharedKey } from "../../support/channels.ts";
import { rejects } from "../../support/rejects.ts";

const id = Uint8Array.from({ length: 16 }, (_, index) => index);
const text = encodeUtf8("a message");

interface End {
  connection: MessageConnection;
  sent: Bytes[];
  forgotten: number;
}

/** Creates a connection whose messages go to `deliver`. */
function create(deliver: (message: Bytes) => Promise<void> | void = () => {}): End {
  const end: End = {
    sent: [],
    forgotten: 0,
    connection: new MessageConnection(id, {
      send: async (message) => {
        end.sent.push(message);
        await deliver(message);
      },
      forget: () => {
        end.forgotten += 1;
      },
    }),
  };
  return end;
}

function message(number: number, kind: number, payload: Bytes = new Uint8Array()) {
  return { id, connection: toHex(id), number, kind, payload };
}

/** Returns the two ends of a carrier; `pass` returns what arrives instead of a message. */
function pair(
  pass: (message: Bytes) => Bytes[] = (bytes) => [bytes],
): [MessageConnection, MessageConnection] {
  const deliver = (to: () => MessageConnection) => (bytes: Bytes) => {
    for (const each of pass(bytes)) {
      const decoded = decodeMessage(each);
      if (decoded) void to().arrive(decoded);
    }
  };
  const left = create(deliver(() => right.connection));
  const right = create(deliver(() => left.connection));
  return [left.connection, right.connection];
}

test("a message has the bytes of the specification", async () => {
  const { connection, sent } = create();
  await connection.write(encodeUtf8("hell"), encodeUtf8("o"));
  await connection.write();
  connection.end();
  const head = "000102030405060708090a0b0c0d0e0f";
  assert.equal(sent.map(toHex), [
    `${head}0000000000${toHex(encodeUtf8("hello"))}`,
    `${head}0000000100`,
    `${head}0000000201`,
  ]);
});

test("decodeMessage: what is none of ours", () => {
  const bytes = new Uint8Array(MESSAGE_HEADER_LENGTH);
  for (let length = 0; length < MESSAGE_HEADER_LENGTH; length += 1)
    assert.is(decodeMessage(bytes.subarray(0, length)), undefined);
  assert.equal(decodeMessage(bytes)?.kind, DATA);
  for (const kind of [2, 255]) {
    bytes[MESSAGE_HEADER_LENGTH - 1] = kind;
    assert.is(decodeMessage(bytes), undefined, String(kind));
  }
  const longEnd = new Uint8Array(MESSAGE_HEADER_LENGTH + 1);
  longEnd[MESSAGE_HEADER_LENGTH - 1] = END;
  assert.is(decodeMessage(longEnd), undefined);
});

test("a channel runs over it", async () => {
  const [left, right] = pair();
  const [client, server] = await Promise.all([
    Channel.connect(left, { preSharedKey }),
    Channel.accept(right, lookUp),
  ]);
  await client.send(text);
  assert.equal(await server.receive(), text);
  await Promise.all([client.close(), server.close()]);
});

test("a channel over a carrier that repeats each message", async () => {
  const [left, right] = pair((bytes) => [bytes, bytes]);
  const opening = Channel.connect(left, { preSharedKey });
  const server = await Channel.accept(right, lookUp);
  const client = await opening;
  await client.send(text);
  assert.equal(await server.receive(), text);
  client.destroy("enough");
});

test("next: messages in order, then the end; repeated ones are ignored", async () => {
  const { connection } = create();
  assert.is(connection.answered, false);
  const first = connection.next(100);
  await connection.arrive(message(0, DATA, text));
  assert.equal(await first, text);
  assert.is(connection.answered, true);
  await connection.arrive(message(0, DATA, text));
  await connection.arrive(message(1, DATA));
  await connection.arrive(message(2, END));
  await connection.arrive(message(3, DATA, text));
  assert.equal(await connection.next(100), new Uint8Array());
  assert.is(connection.ended, true);
  assert.is(await connection.next(100), undefined);
});

test("a message that is lost ends the connection", async () => {
  const { connection, sent, ...rest } = create();
  const waiting = connection.next(100);
  await connection.arrive(message(1, DATA, text));
  await rejects(waiting, "the network was cut: messages were lost on the way");
  await rejects(connection.write(text), /the network was cut/);
  // the peer learns it
  assert.is(sent.length, 1);
  assert.is(rest.forgotten, 0);
});

test("next: a message over the limit", async () => {
  const { connection } = create();
  await connection.arrive(message(0, DATA, text));
  await rejects(connection.next(8), "the peer sent a message of 9 bytes, at most 8 are accepted");
});

test("arrive: waits while too many messages are not taken, and goes on once one is", async () => {
  const { connection } = create();
  let blocked = 0;
  for (let number = 0; blocked === 0 && number < 100; number += 1) {
    const arrived = connection.arrive(message(number, DATA, text)).then(() => true);
    if (!(await Promise.race([arrived, new Promise((resolve) => setImmediate(() => resolve(false)))]))) {
      blocked = number;
      await connection.next(100);
      assert.is(await arrived, true);
    }
  }
  assert.is(blocked, 15);
});

test("destroy: ends what waits, with its reason, once; a carrier that never answers holds up nothing", async () => {
  const end = create(() => new Promise(() => {}));
  const { connection } = end;
  const [reading, writing] = [connection.next(100), connection.write(text)];
  connection.destroy(new Error("enough"));
  connection.destroy(new Error("more than enough"));
  await rejects(reading, "enough");
  await rejects(writing, "enough");
  assert.is(end.forgotten, 1);
});

test("write: not after the end of our half", async () => {
  const { connection } = create();
  connection.end();
  await rejects(connection.write(text), "our half of the connection is closed");
});

test.run();
