/** TCP connections that carry frames, with a deadline, and errors in plain words. */
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { describe, FramedStream } from "./framing.ts";

export interface Endpoint {
  host: string;
  /** 0 to 65535; for a server 0 is any free port. */
  port: number;
  /** Seconds that a connection may last. */
  timeout: number;
}

/**
 * Listens for one connection, then no more.
 *
 * @returns where the server listens, as HOST:PORT, and the one connection to come
 * @throws Error when it cannot listen there
 */
export async function listenOnce(
  endpoint: Endpoint,
): Promise<{ address: string; connection: Promise<FramedStream> }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const connection = new Promise<FramedStream>((resolve) => {
    server.once("connection", (socket) => {
      server.close();
      resolve(framed(socket, endpoint.timeout));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, endpoint)));
    server.listen(endpoint.port, endpoint.host, resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : endpoint.port;
  return { address: formatAddress(endpoint.host, port), connection };
}

/** Connects to a server. @throws Error when there is none, or it does not answer in time */
export async function connect(endpoint: Endpoint): Promise<FramedStream> {
  const socket = connectSocket({
    host: endpoint.host,
    port: endpoint.port,
    allowHalfOpen: true,
    noDelay: true,
  });
  const connection = framed(socket, endpoint.timeout);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => reject(explain(error, endpoint)));
  });
  return connection;
}

function framed(socket: Socket, timeout: number): FramedStream {
  const deadline = setTimeout(() => {
    socket.destroy(new Error(`timed out: the exchange with the peer took longer than ${timeout} s`));
  }, timeout * 1000);
  socket.once("close", () => clearTimeout(deadline));
  return new FramedStream(socket);
}

function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The error of `listen` or `connect`: what is wrong, and what to do about it. */
function explain(error: Error, { host, port }: Endpoint): Error {
  const address = formatAddress(host, port);
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
