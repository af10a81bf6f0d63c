/** TCP connections that carry frames, with a deadline, and errors in plain words. */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { describe, FramedStream } from "./framing.ts";

export interface Address {
  host: string;
  /** 0 to 65535; for a server 0 is any free port. */
  port: number;
}

export interface Endpoint extends Address {
  /** Seconds that a connection may last. */
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
      resolve(framed(socket, endpoint.timeout));
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
  const connection = framed(socket, endpoint.timeout);
  await connected(socket, endpoint);
  return connection;
}

/** Connects to a server, within the timeout; the connection may last. @throws as `connect` */
export async function open(endpoint: Endpoint): Promise<FramedStream> {
  const socket = connectSocket({ ...SOCKET_OPTIONS, host: endpoint.host, port: endpoint.port });
  const connection = new FramedStream(socket);
  const deadline = setTimeout(() => {
    socket.destroy(new Error(`timed out: no connection within ${endpoint.timeout} s`));
  }, endpoint.timeout * 1000);
  try {
    await connected(socket, endpoint);
    return connection;
  } finally {
    clearTimeout(deadline);
  }
}

/** Starts `server`; returns its port. */
async function listen(server: Server, address: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, address)));
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound ? bound.port : address.port;
}

async function connected(socket: Socket, address: Address): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(explain(error, address)));
  });
}

/** Returns the frames on `socket`, which is cut off when it lasts longer than `timeout` seconds. */
export function framed(socket: Socket, timeout: number): FramedStream {
  const deadline = setTimeout(() => {
    socket.destroy(new Error(`timed out: the exchange with the peer took longer than ${timeout} s`));
  }, timeout * 1000);
  socket.once("close", () => clearTimeout(deadline));
  return new FramedStream(socket);
}

/** Returns `HOST:PORT`, as it is typed. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The error of `listen` or `connect`: what is wrong, and what to do about it. */
function explain(error: Error, { host, port }: Address): Error {
  const address = formatAddress({ host, port });
  switch ("code" in error ? error.code : undefined) {
    case "EADDRINUSE":
      return new Error(
        `${address} is in use by another program; choose another --port, or 0 for any free one`,
      );
    case "EACCES":
    case "EPERM":
      return new Error(`${address} is not ours to use; choose a --port of 1024 or more`);
    case "EADDRNOTAVAIL":
      return new Error(`${host} is not an address of this machine; choose another --host`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Error(`no address is known for the host ${host}; check --host`);
    case "ECONNREFUSED":
      return new Error(`nobody listens on ${address}; start the server first, or check --host and --port`);
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "ETIMEDOUT":
      return new Error(`${address} cannot be reached; check --host and the network`);
    default:
      return describe(error);
  }
}
