/**
 * The events of exchanges as a packet capture, for Wireshark and similar tools (pcapng,
 * draft-ietf-opsawg-pcapng).
 *
 * The grader sees a stream of bytes, not packets, so it makes up the Ethernet, IP and TCP headers,
 * with correct checksums. There are two interfaces, one on either side of the wiretap, because the
 * forwarded bytes may differ from the received ones. Exchange N has
 *
 *     10.0.N.1 client ── interface 0 ── 10.0.N.2 wiretap ── interface 1 ── 10.0.N.3 server
 *
 * or fd00::N:1 to 3 for IPv6; the ports are the real ones. A packet that the grader altered or made
 * has a comment.
 */
import { Buffer } from "node:buffer";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { SessionEvent } from "../model/events.ts";
import { addressOf, TcpFlow } from "./packets.ts";
import { type Exchange, findDifferences } from "./transcript.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const ETHERNET = 1;
const OPTION = { end: 0, comment: 1, ifName: 2, application: 4 };
const INTERFACES = ["client side of the wiretap", "server side of the wiretap"];

/** The length at which a capture ends, in bytes. */
export const CAPTURE_LIMIT = 64 * 1024 * 1024;

/**
 * Returns `exchanges` as the content of a file.
 *
 * @param exchanges started: milliseconds since 1970
 */
export function captureOf(exchanges: readonly (Exchange & { started: number })[]): Bytes {
  const blocks = [sectionHeader(), ...INTERFACES.map(interfaceDescription)];
  let length = 0;
  for (const [index, exchange] of exchanges.entries())
    for (const block of exchangeBlocks(exchange, 1 + (index % 250))) {
      length += block.length;
      if (length > CAPTURE_LIMIT) return concat(blocks);
      blocks.push(block);
    }
  return concat(blocks);
}

interface Legs {
  client: TcpFlow | undefined;
  server: TcpFlow | undefined;
}

function* exchangeBlocks(
  { events, started }: Exchange & { started: number },
  number: number,
): Generator<Bytes> {
  const connections = new Map<number, Legs>();
  for (const event of events) {
    const at = started + event.at;
    const write = (side: 0 | 1, frames: Bytes[], comment?: string) =>
      frames.map((frame) => enhancedPacket(side, at, frame, comment));
    if (event.type === "connect") {
      const legs = openLegs(event, events, number);
      connections.set(event.connection, legs);
      yield* write(0, legs.client?.open() ?? []);
      yield* write(1, legs.server?.open() ?? []);
    }
    if (event.type !== "data" && event.type !== "end" && event.type !== "reset") continue;
    const { client, server } = connections.get(event.connection) ?? { client: undefined, server: undefined };
    const fromClient = event.direction === "client to server";
    const [near, far] = fromClient ? [client, server] : [server, client];
    const [nearSide, farSide] = fromClient ? ([0, 1] as const) : ([1, 0] as const);
    if (event.type === "data") {
      const comment = describeChange(event.bytes, event.passed);
      yield* write(nearSide, near?.data(fromClient, event.bytes) ?? []);
      yield* write(farSide, far?.data(fromClient, event.passed) ?? [], comment);
    } else {
      yield* write(nearSide, near?.[event.type](fromClient) ?? []);
      yield* write(farSide, far?.[event.type](fromClient) ?? []);
    }
  }
}

/** Returns the connections on either side of the wiretap; undefined for a side without one. */
function openLegs(
  { connection, address, from, port, client }: Extract<SessionEvent, { type: "connect" }>,
  events: readonly SessionEvent[],
  number: number,
): Legs {
  const host = (last: number) => addressOf(address.includes(":"), number, last);
  const wasServerAsked = events.some(
    (event) =>
      event.type === "data" &&
      event.connection === connection &&
      (event.direction === "client to server" ? event.passed : event.bytes).length > 0,
  );
  return {
    client:
      client === undefined ? undefined : new TcpFlow({ host: host(1), port: from }, { host: host(2), port }),
    server: wasServerAsked ? new TcpFlow({ host: host(2), port: from }, { host: host(3), port }) : undefined,
  };
}

function describeChange(bytes: Bytes, passed: Bytes): string | undefined {
  if (bytes.length === 0) return "sent by the grader";
  const [first] = findDifferences(bytes, passed);
  if (first === undefined) return undefined;
  return `altered by the grader: ${bytes.length} bytes received, ${passed.length} forwarded, first difference at byte ${first[0]}`;
}

function sectionHeader(): Bytes {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  // the length of the section is unknown
  body.writeBigInt64LE(-1n, 8);
  return block(SECTION_HEADER, [
    new Uint8Array(body),
    option(OPTION.application, "Secure Messaging Lab"),
    END,
  ]);
}

function interfaceDescription(name: string): Bytes {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(ETHERNET, 0);
  return block(INTERFACE, [new Uint8Array(body), option(OPTION.ifName, name), END]);
}

/** @param at milliseconds since 1970 */
function enhancedPacket(side: 0 | 1, at: number, frame: Bytes, comment: string | undefined): Bytes {
  const body = Buffer.alloc(20);
  const microseconds = BigInt(Math.round(at * 1000));
  body.writeUInt32LE(side, 0);
  body.writeUInt32LE(Number(microseconds >> 32n), 4);
  body.writeUInt32LE(Number(microseconds & 0xffffffffn), 8);
  body.writeUInt32LE(frame.length, 12);
  body.writeUInt32LE(frame.length, 16);
  const options = comment === undefined ? [] : [option(OPTION.comment, comment), END];
  return block(ENHANCED_PACKET, [new Uint8Array(body), padded(frame), ...options]);
}

function option(code: number, text: string): Bytes {
  const value = encodeUtf8(text);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return concat([new Uint8Array(head), padded(value)]);
}

const END: Bytes = new Uint8Array(4);

/** A block: type, length, body, and the length again. */
function block(type: number, parts: readonly Bytes[]): Bytes {
  const body = concat(parts);
  const head = Buffer.alloc(8);
  const tail = Buffer.alloc(4);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(body.length + 12, 4);
  tail.writeUInt32LE(body.length + 12, 0);
  return concat([new Uint8Array(head), body, new Uint8Array(tail)]);
}

function padded(bytes: Bytes): Bytes {
  return bytes.length % 4 === 0 ? bytes : concat([bytes, new Uint8Array(4 - (bytes.length % 4))]);
}
