/**
 * An eavesdropper between FTP clients and the server: on another address of this machine, with the
 * server's ports.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

const SERVER = "127.0.0.1";
/** The address for clients. A client that believed the address in PASV would bypass the relay. */
export const RELAY = "127.0.0.2";

export interface FtpRelay {
  /** All bytes so far, in both directions, connection by connection. */
  captured(): Bytes;
  /** Connections so far. */
  connections(): number;
  /** Discards the capture. */
  clear(): void;
  close(): void;
}

/** Relays each of `ports`. A connection that the server refuses is cut off. */
export async function relayFtp(ports: readonly number[]): Promise<FtpRelay> {
  let streams: Bytes[][] = [];
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  for (const port of ports) {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const upstream = connect({ port, host: SERVER, allowHalfOpen: true, noDelay: true });
      pass(client, upstream);
      pass(upstream, client);
    });
    server.listen(port, RELAY);
    await once(server, "listening");
    servers.push(server);
  }

  function pass(from: Socket, to: Socket): void {
    const pieces: Bytes[] = [];
    streams.push(pieces);
    sockets.add(from);
    from.on("data", (bytes: Bytes) => {
      pieces.push(bytes);
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("end", () => to.end());
    // keeps what came before a reset
    from.on("error", () => to.destroySoon());
    from.on("close", () => sockets.delete(from));
  }

  return {
    captured: () => concat(streams.map((pieces) => concat(pieces))),
    connections: () => streams.length / 2,
    clear() {
      streams = [];
    },
    close() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
