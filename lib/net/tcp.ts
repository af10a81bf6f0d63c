/**
 * TCP connections that carry frames, with a deadline and readable errors.
 *
 * The deadline of a client counts from the call of `connect`, so it includes the host lookup; that
 * of a server counts from the arrival of the client, for which it waits without limit. It keeps
 * running while a side does other work, such as generating keys.
 */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { withDeadline } from "../async/deadline.ts";
import { printable } from "../bytes/printable.ts";
import { systemCode } from "../cli/diagnostics.ts";
import { describe, FramedStream } from "./framing.ts";

export interface Address {
  host: string;
  /** 0 to 65535; for a server, 0 means any free port. */
  port: number;
}

export interface Endpoint extends Address {
  /**
   * Maximum duration of a connection in seconds, from the call for a client, from the arrival of
   * the client for a server.
   */
  timeout: number;
}

/** Connections that the system keeps until they are accepted. It refuses more, without a word. */
const BACKLOG = 2048;

const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

/**
 * Listens for a single connection.
 *
 * @returns the address as HOST:PORT, and the connection to come
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

/**
 * Listens for any number of connections; `take` receives each, and must handle its errors at once.
 */
export async function listenOn(
  address: Address,
  take: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  // detects peers that have vanished silently
  const server = createServer({ ...SOCKET_OPTIONS, keepAlive: true, keepAliveInitialDelay: 60_000 }, take);
  return { server, port: await listen(server, address) };
}

/** Connects to a server. @throws Error when none listens there, or it does not answer in time */
export async function connect(endpoint: Endpoint): Promise<FramedStream> {
  const socket = connectSocket({ ...SOCKET_OPTIONS, host: endpoint.host, port: endpoint.port });
  const connection = framed(socket, endpoint);
  await connected(socket, endpoint);
  return connection;
}

/**
 * Connects to a server within the timeout, which does not limit the connection.
 *
 * @throws as `connect`
 */
export async function open(endpoint: Endpoint): Promise<FramedStream> {
  return new FramedStream(await openSocket(endpoint));
}

/**
 * Like `open`, but returns the socket; the caller must handle its errors at once.
 *
 * @throws as `connect`
 */
export async function openSocket(endpoint: Endpoint): Promise<Socket> {
  const socket = connectSocket({ ...SOCKET_OPTIONS, host: endpoint.host, port: endpoint.port });
  await withDeadline(connected(socket, endpoint), endpoint.timeout, () =>
    socket.destroy(unanswered(endpoint)),
  );
  return socket;
}

/** Starts `server`, and returns its port. */
async function listen(server: Server, address: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explainListen(error, address)));
    server.listen({ port: address.port, host: address.host, backlog: BACKLOG }, resolve);
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

/** Wraps `socket`, which is destroyed when it outlasts the `timeout` of `endpoint`. */
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

/** Returns `HOST:PORT` as typed, safe to print. */
export function formatAddress({ host, port }: Address): string {
  const shown = printable(host);
  return shown.includes(":") ? `[${shown}]:${port}` : `${shown}:${port}`;
}

/** Explains an error of `listen`, with what to do about it. */
export function explainListen(error: Error, address: Address): Error {
  const host = printable(address.host);
  const shown = formatAddress(address);
  const code = codeOf(error);
  switch (code) {
    case "EADDRINUSE":
      return new Error(`${shown} is in use by another program; choose another --port, or 0 for any free one`);
    case "EACCES":
    case "EPERM":
      return new Error(`permission denied for ${shown}; choose a --port of 1024 or more`);
    case "EADDRNOTAVAIL":
    case "EINVAL":
      return new Error(`${host} is not an address of this machine; choose another --host`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unknownHost(host);
    default:
      return new Error(`cannot listen on ${shown} (${code ?? printable(error.message)})`);
  }
}

/** Explains an error of `connect`, with what to do about it. */
export function explainConnect(error: Error, address: Address): Error {
  const host = printable(address.host);
  const shown = formatAddress(address);
  const code = codeOf(error);
  switch (code) {
    case "ECONNREFUSED":
      return new Error(`nothing listens on ${shown}; start the server first, or check --host and --port`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return unknownHost(host);
    case "EACCES":
    case "EPERM":
      return new Error(`the system does not allow connections to ${shown}; check --host and the firewall`);
    case "EINVAL":
      return new Error(`${host} is not an address to connect to; check --host`);
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
      return new Error(`cannot connect to ${shown} (${code})`);
  }
}

function unknownHost(host: string): Error {
  return new Error(`no address is known for the host ${host}; check --host`);
}

/**
 * Returns the system's code for `error`, such as ECONNREFUSED; of several attempts, that of the
 * first.
 */
function codeOf(error: unknown): string | undefined {
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return systemCode(error) ?? systemCode(first);
}
