/** Made-up TCP packets for a stream of bytes (RFC 9293, RFC 791, RFC 8200). */
import { Buffer } from "node:buffer";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";

// fits into an Ethernet frame, with IPv6 too
const SEGMENT_LENGTH = 1440;
const INITIAL_SEQUENCE = 1000;
const WINDOW = 65_535;
const HOP_LIMIT = 64;
const TCP = 6;
const FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 };
const ETHERTYPES = { 4: 0x0800, 16: 0x86dd };

export interface Endpoint {
  /** 4 or 16 bytes. */
  host: Bytes;
  port: number;
}

/** One connection. Each method returns the packets that its event takes, as Ethernet frames. */
export class TcpFlow {
  readonly #client: Endpoint;
  readonly #server: Endpoint;
  // the next sequence numbers
  readonly #next = { client: INITIAL_SEQUENCE, server: INITIAL_SEQUENCE };

  constructor(client: Endpoint, server: Endpoint) {
    this.#client = client;
    this.#server = server;
  }

  open(): Bytes[] {
    const first = this.#packet(true, FLAGS.syn, EMPTY);
    this.#next.client += 1;
    const second = this.#packet(false, FLAGS.syn | FLAGS.ack, EMPTY);
    this.#next.server += 1;
    return [first, second, this.#packet(true, FLAGS.ack, EMPTY)];
  }

  data(fromClient: boolean, bytes: Bytes): Bytes[] {
    const packets: Bytes[] = [];
    for (let offset = 0; offset < bytes.length; offset += SEGMENT_LENGTH) {
      const segment = bytes.subarray(offset, offset + SEGMENT_LENGTH);
      packets.push(this.#packet(fromClient, FLAGS.psh | FLAGS.ack, segment));
      this.#advance(fromClient, segment.length);
    }
    if (packets.length > 0) packets.push(this.#packet(!fromClient, FLAGS.ack, EMPTY));
    return packets;
  }

  end(fromClient: boolean): Bytes[] {
    const fin = this.#packet(fromClient, FLAGS.fin | FLAGS.ack, EMPTY);
    this.#advance(fromClient, 1);
    return [fin, this.#packet(!fromClient, FLAGS.ack, EMPTY)];
  }

  reset(fromClient: boolean): Bytes[] {
    return [this.#packet(fromClient, FLAGS.rst | FLAGS.ack, EMPTY)];
  }

  #advance(fromClient: boolean, length: number): void {
    const side = fromClient ? "client" : "server";
    this.#next[side] = (this.#next[side] + length) % 2 ** 32;
  }

  #packet(fromClient: boolean, flags: number, payload: Bytes): Bytes {
    const [from, to] = fromClient ? [this.#client, this.#server] : [this.#server, this.#client];
    const { client, server } = this.#next;
    const [sequence, acknowledged] = fromClient ? [client, server] : [server, client];
    const head = Buffer.alloc(20);
    head.writeUInt16BE(from.port, 0);
    head.writeUInt16BE(to.port, 2);
    head.writeUInt32BE(sequence, 4);
    head.writeUInt32BE(flags & FLAGS.ack ? acknowledged : 0, 8);
    head.writeUInt8(5 << 4, 12);
    head.writeUInt8(flags, 13);
    head.writeUInt16BE(WINDOW, 14);
    const segment = concat([new Uint8Array(head), payload]);
    Buffer.from(segment.buffer).writeUInt16BE(
      checksum(concat([pseudoHeader(from, to, segment.length), segment])),
      16,
    );
    return concat([ethernetHeader(from, to), ipHeader(from, to, segment.length), segment]);
  }
}

const EMPTY: Bytes = new Uint8Array();

/** Returns a made-up address for host `host` (1 to 255) in exchange `number` (1 to 255). */
export function addressOf(isIpv6: boolean, number: number, host: number): Bytes {
  if (!isIpv6) return Uint8Array.of(10, 0, number, host);
  const address = new Uint8Array(16);
  address.set([0xfd]);
  address.set([0, number, 0, host], 12);
  return address;
}

function ethernetHeader(from: Endpoint, to: Endpoint): Bytes {
  // locally administered, one for each host
  const mac = ({ host }: Endpoint) => Uint8Array.of(2, 0, 0, 0, host.at(-2) ?? 0, host.at(-1) ?? 0);
  const type = from.host.length === 4 ? ETHERTYPES[4] : ETHERTYPES[16];
  return concat([mac(to), mac(from), Uint8Array.of(type >> 8, type & 0xff)]);
}

function ipHeader(from: Endpoint, to: Endpoint, length: number): Bytes {
  if (from.host.length === 16) {
    const head = Buffer.alloc(8);
    head.writeUInt8(6 << 4, 0);
    head.writeUInt16BE(length, 4);
    head.writeUInt8(TCP, 6);
    head.writeUInt8(HOP_LIMIT, 7);
    return concat([new Uint8Array(head), from.host, to.host]);
  }
  const head = Buffer.alloc(12);
  head.writeUInt8(0x45, 0);
  head.writeUInt16BE(20 + length, 2);
  // don't fragment
  head.writeUInt16BE(0x4000, 6);
  head.writeUInt8(HOP_LIMIT, 8);
  head.writeUInt8(TCP, 9);
  const header = concat([new Uint8Array(head), from.host, to.host]);
  Buffer.from(header.buffer).writeUInt16BE(checksum(header), 10);
  return header;
}

function pseudoHeader(from: Endpoint, to: Endpoint, length: number): Bytes {
  const isIpv6 = from.host.length === 16;
  const tail = Buffer.alloc(isIpv6 ? 8 : 4);
  if (isIpv6) tail.writeUInt32BE(length, 0);
  else tail.writeUInt16BE(length, 2);
  tail.writeUInt8(TCP, isIpv6 ? 7 : 1);
  return concat([from.host, to.host, new Uint8Array(tail)]);
}

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Bytes): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2)
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
