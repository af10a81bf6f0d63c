/**
 * The contestants of the channel's benchmark: a few calls over TCP, TLS 1.3 and a channel, and over
 * bare records, which are the floor of a channel: frames that node:crypto seals, and nothing else.
 */
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as net from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import { fileURLToPath } from "node:url";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { connectChannel } from "../../../lib/channel/channel-client.ts";
import { ChannelServer } from "../../../lib/channel/channel-server.ts";
import { open, seal } from "../../../lib/crypto/aead.ts";
import { loadIdentity } from "../../support/identities.ts";

const HOST = "127.0.0.1";
const HEADER_LENGTH = 4;
const SMALL_FRAME = 4 * 1024;

export const KINDS = ["TCP", "TLS", "bare", "channel"] as const;
export type Kind = (typeof KINDS)[number];

/** One connection, of any kind. */
export interface Connection {
  send(bytes: Bytes): Promise<void>;
  /** Waits until `length` bytes have arrived. */
  receive(length: number): Promise<void>;
  close(): void;
}

type Serve = (connection: Connection) => Promise<void>;

/** Creates the certificates of both sides in `folder`. */
export function createCertificates(folder: string): void {
  for (const name of ["a", "b"]) {
    const request = ["req", "-x509", "-new", "-key", keyFile(name), "-subj", `/CN=${name}`, "-days", "2"];
    execFileSync("openssl", [...request, "-out", join(folder, `${name}.pem`)]);
  }
}

/** Starts a server of `kind`; returns its port. */
export async function listen(kind: Kind, certificates: string, serve: Serve): Promise<number> {
  if (kind === "channel") {
    const identity = await loadIdentity("b");
    const options = { identity, serve: (channel: Channel) => serve(overChannel(channel)) };
    return (await ChannelServer.listen({ host: HOST, port: 0 }, options)).port;
  }
  const take = (socket: net.Socket) => {
    serve(kind === "bare" ? overBareRecords(socket) : overSocket(socket)).catch(() => socket.destroy());
  };
  const server =
    kind === "TLS"
      ? tls.createServer({ ...contextOf("b", certificates), ...BOTH_PROVE, noDelay: true }, take)
      : net.createServer({ noDelay: true }, take);
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const bound = server.address();
  return typeof bound === "object" && bound ? bound.port : 0;
}

/** Returns a function that connects to a server of `kind`, with keys that are loaded once. */
export async function connector(
  kind: Kind,
  certificates: string,
): Promise<(port: number) => Promise<Connection>> {
  if (kind === "channel") {
    const identity = await loadIdentity("a");
    return async (port) => overChannel(await connectChannel({ host: HOST, port }, { identity }));
  }
  if (kind !== "TLS") {
    const over = kind === "bare" ? overBareRecords : overSocket;
    return async (port) => over(net.connect({ host: HOST, port, noDelay: true }));
  }
  const secureContext = tls.createSecureContext(contextOf("a", certificates));
  return async (port) => {
    const socket = tls.connect({ secureContext, ...BOTH_PROVE, host: HOST, port });
    socket.setNoDelay(true);
    return overSocket(socket);
  };
}

const BOTH_PROVE = { requestCert: true, rejectUnauthorized: true, checkServerIdentity: () => undefined };

function contextOf(own: "a" | "b", certificates: string): tls.SecureContextOptions {
  return {
    key: readFileSync(keyFile(own)),
    cert: readFileSync(join(certificates, `${own}.pem`)),
    ca: readFileSync(join(certificates, `${own === "a" ? "b" : "a"}.pem`)),
    minVersion: "TLSv1.3",
    ecdhCurve: "P-256",
  };
}

function keyFile(name: string): string {
  return fileURLToPath(new URL(`../../keys/identity-3072-${name}.pem`, import.meta.url));
}

function overChannel(channel: Channel): Connection {
  return {
    send: (bytes) => channel.send(bytes),
    async receive(length) {
      for (let missing = length; missing > 0; ) {
        const message = await channel.receive();
        if (!message) throw new Error("ended");
        missing -= message.length;
      }
    },
    close: () => void channel.close(),
  };
}

/**
 * @param frame what is written for some bytes
 * @param count takes a chunk, and returns how many of those bytes have now arrived
 */
function overSocket(
  socket: net.Socket,
  frame = (bytes: Bytes): Bytes[] => [bytes],
  count = (chunk: Buffer<ArrayBuffer>): number => chunk.length,
): Connection {
  let missing = 0;
  let wake: (error?: Error) => void = () => {};
  socket.on("data", (chunk: Buffer<ArrayBuffer>) => {
    missing -= count(chunk);
    if (missing <= 0) wake();
  });
  socket.on("error", (error) => wake(error));
  socket.on("close", () => wake(new Error("closed")));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.cork();
        const parts = frame(bytes);
        const last = parts.pop();
        for (const part of parts) socket.write(part);
        socket.write(last ?? "", (error) => (error ? reject(error) : resolve()));
        socket.uncork();
      }),
    receive(length) {
      missing += length;
      if (missing <= 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        wake = (error) => (error ? reject(error) : resolve());
      });
    },
    close: () => socket.end(),
  };
}

/** Frames as those of a channel, each a record under a key and a number that do not change. */
function overBareRecords(socket: net.Socket): Connection {
  const parameters = {
    key: new Uint8Array(32),
    nonce: new Uint8Array(12),
    additionalData: new Uint8Array(5),
  };
  const frame = (bytes: Bytes) => {
    const sealed = seal(parameters, bytes);
    const header = Buffer.alloc(HEADER_LENGTH);
    header.writeUInt32BE(sealed.reduce((sum, part) => sum + part.length, 0));
    const parts = [new Uint8Array(header), ...sealed];
    return bytes.length <= SMALL_FRAME ? [concat(parts)] : parts;
  };
  let chunks: Buffer<ArrayBuffer>[] = [];
  let buffered = 0;
  let needed = HEADER_LENGTH;
  const count = (chunk: Buffer<ArrayBuffer>) => {
    chunks.push(chunk);
    buffered += chunk.length;
    if (buffered < needed) return 0;
    let content = 0;
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    while (rest.length >= needed) {
      if (needed === HEADER_LENGTH) needed += rest.readUInt32BE();
      else {
        const record = new Uint8Array(rest.buffer, rest.byteOffset + HEADER_LENGTH, needed - HEADER_LENGTH);
        content += open(parameters, record).length;
        rest = rest.subarray(needed);
        needed = HEADER_LENGTH;
      }
    }
    chunks = [rest];
    buffered = rest.length;
    return content;
  };
  return overSocket(socket, frame, count);
}
