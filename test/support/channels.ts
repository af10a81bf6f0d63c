/** Channels for tests, under a pre-shared key: no RSA, so they cost little. */
import { connect, createServer, type Socket } from "node:net";
import { encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { Channel } from "../../lib/channel/channel.ts";
import type { RecordOptions } from "../../lib/channel/records.ts";
import { FramedStream } from "../../lib/net/framing.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { memoryPair } from "./memory-transport.ts";
import { passOn, type Tamper, wire } from "./wire.ts";

const key = new Uint8Array(32).fill(7);
export const preSharedKey = { id: encodeUtf8("test"), key };
export const lookUp = { preSharedKey: () => key };

export interface Pair {
  client: Channel;
  server: Channel;
}

/** Opens a channel over the two ends of a transport. */
export async function shakeHands(
  [client, server]: readonly [Transport, Transport],
  records?: RecordOptions,
): Promise<Pair> {
  const [first, second] = await Promise.all([
    Channel.connect(client, { preSharedKey, records }),
    Channel.accept(server, { ...lookUp, records }),
  ]);
  return { client: first, server: second };
}

/** Opens a channel in memory. */
export function openPair(records?: RecordOptions): Promise<Pair> {
  return shakeHands(memoryPair(), records);
}

/**
 * Opens a channel in memory, with an attacker on the wire after the handshake; its records
 * count from 0.
 */
export async function openTampered(tamper: Tamper, records?: RecordOptions): Promise<Pair> {
  const before = { client: 2, server: 3 };
  const ends = wire((passing) => {
    const index = passing.index - before[passing.from];
    return index < 0 ? passOn(passing) : tamper({ ...passing, index });
  });
  return shakeHands([ends.client, ends.server], records);
}

/** Returns the two ends of a TCP connection on the loopback interface. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  const arrived = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const socket = connect({ host: "127.0.0.1", port: bound.port, allowHalfOpen: true, noDelay: true });
  const other = await arrived;
  server.close();
  return [socket, other];
}

/** Opens a channel over TCP, and returns the sockets too. */
export async function openOverTcp(): Promise<Pair & { sockets: [Socket, Socket] }> {
  const sockets = await socketPair();
  const [client, server] = sockets;
  return { ...(await shakeHands([new FramedStream(client), new FramedStream(server)])), sockets };
}
