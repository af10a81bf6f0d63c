/**
 * TCP connections that carry frames, with a deadline, and errors in plain words.
 *
 * The deadline of a client counts from the call of `connect`, so that looking up the host and connecting are part of it; that
 * of a server from the client's arrival, for which it waits without limit. It runs on whatever else a side does meanwhile,
 * such as making its keys.
 */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { withDeadline } from "../async/deadline.ts";
import { printable } from "../bytes/printable.ts";
import { systemCode } from "../cli/diagnostics.ts";
import { describe, FramedStream } from "./framing.ts";

export interface Address {
  host: string;
  /** 0 to 65535; for a server 0 is any free port. */
  port: number;
}

export interface Endpoint extends Address {
  /** Seconds that a connection may last: a client's counts from the call, a server's from the client's arrival. */
  timeout: number;
}

const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

/**
 * Listens for one connection, then no more.
 *
 * @returns where the server listens, as HOST:PORT, and the one connection to come
 * @throws Error when it cannot listen there
 */
export async function listenOnce(
  endpoint: Endpoint,
): Promise<{ address: string; connection: Promise<FramedStream> }> {
  const server = createServer(SOCKET_OPTIONS);
  const connection = new Promise<FramedStream>((resolve) => {
    server.once("connection", (socket) => {
      server.close();
      resolve(framed(socket, endpoint));
    });
  });
  const port = await listen(server, endpoint);
  return { address: formatAddress({ host: endpoint.host, port }), connection };
}

/** Listens for any number of connections; `take` is given each, and listens to its errors at once. */
export async function listenOn(
  address: Address,
  take: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  // a peer that has vanished without a word is noticed, by and by
  const server = createServer({ ...SOCKET_OPTIONS, keepAlive: true, keepAliveInitialDelay: 60_000 }, take);
  return { server, port: await listen(server, address) };
}

/** Connects to a server. @throws Error when there is none, or it does not answer in time */
export async function connect(endpoint: Endpoint): Promise<FramedStream> {
  const socket = connectSocket({ ...SOCKET_OPTIONS, host: endpoint.host, port: endpoint.port });
  const connection = framed(socket, endpoint);
  await connected(socket, endpoint);
  return connection;
}

/** Connects to a server, within the timeout; the connection may last. @throws as `connect` */
export async function open(endpoint: Endpoint): Promise<FramedStream> {
  return new FramedStream(await openSocket(endpoint));
}

/** As `open`, for whoever does not speak in frames; to be listened to for errors at once. @throws as `connect` */
export async function openSocket(endpoint: Endpoint): Promise<Socket> {
  const socket = connectSocket({ ...SOCKET_OPTIONS, host: endpoint.host, port: endpoint.port });
  await withDeadline(connected(socket, endpoint), endpoint.timeout, () =>
    socket.destroy(unanswered(endpoint)),
  );
  return socket;
}

/** Starts `server`; returns its port. */
async function listen(server: Server, address: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explainListen(error, address)));
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound ? bound.port : address.port;
}

async function connected(socket: Socket, address: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(explainConnect(error, address)));
  });
}

/** Returns the frames on `socket`, which is cut off when it lasts longer than the `timeout` of `endpoint`. */
export function framed(socket: Socket, endpoint: Endpoint): FramedStream {
  const { timeout } = endpoint;
  const deadline = setTimeout(() => {
    const late = new Error(`timed out: the exchange with the peer took longer than ${timeout} s`);
    socket.destroy(socket.connecting ? unanswered(endpoint) : late);
  }, timeout * 1000);
  socket.once("close", () => clearTimeout(deadline));
  return new FramedStream(socket);
}

function unanswered(endpoint: Endpoint): Error {
  const address = formatAddress(endpoint);
  return new Error(
    `timed out: ${address} did not answer within ${endpoint.timeout} s; check --host and the network`,
  );
}

/** Returns `HOST:PORT`, as it is typed, and safe to print. */
export function formatAddress({ host, port }: Address): string {
  const shown = printable(host);
  return shown.includes(":") ? `[${shown}]:${port}` : `${shown}:${port}`;
}

/** The error of `listen`: what is wrong, and what to do about it. */
function explainListen(error: Error, address: Address): Error {
  const host = printable(address.host);
  const shown = formatAddress(address);
  const code = codeOf(error);
  switch (code) {
    case "EADDRINUSE":
      return new Error(`${shown} is in use by another program; choose another --port, or 0 for any free one`);
    case "EACCES":
    case "EPERM":
      return new Error(`${shown} is not ours to use; choose a --port of 1024 or more`);
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return new Error(`${host} is not an address of this machine; choose another --host`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unknownHost(host);
    default:
      return new Error(`${shown} cannot be listened on (${code ?? printable(error.message)})`);
  }
}

/** The error of `connect`: what is wrong, and what to do about it. */
function explainConnect(error: Error, address: Address): Error {
  const host = printable(address.host);
  const shown = formatAddress(address);
  const code = codeOf(error);
  switch (code) {
    case "ECONNREFUSED":
      return new Error(`nobody listens on ${shown}; start the server first, or check --host and --port`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unknownHost(host);
    case "EACCES":
    case "EPERM":
      return new Error(`the system forbids to connect to ${shown}; check --host and the firewall`);
    case "EINVAL":
      return new Error(`${host} is not an address that one can connect to; check --host`);
    case "EADDRNOTAVAIL":
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "ETIMEDOUT":
      return new Error(`${shown} cannot be reached; check --host and the network`);
    case "ECONNRESET":
    case "EPIPE":
      return describe(error);
    // our own deadline
    case undefined:
      return new Error(printable(error.message));
    default:
      return new Error(`${shown} cannot be connected to (${code})`);
  }
}

function unknownHost(host: string): Error {
  return new Error(`no address is known for the host ${host}; check --host`);
}

/** The system's code for `error`, such as ECONNREFUSED; of several attempts the first one's. */
function codeOf(error: unknown): string | undefined {
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return systemCode(error) ?? systemCode(first);
}
