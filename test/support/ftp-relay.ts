/** An eavesdropper between FTP clients and the server: on another address of this machine, at the server's own ports. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

const SERVER = "127.0.0.1";
/** Where clients are to connect. The data connections of PASV would pass by, if a client took its address for true. */
export const RELAY = "127.0.0.2";

export interface FtpRelay {
  /** All bytes so far, of both directions, connection by connection. */
  captured(): Bytes;
  /** Connections so far. */
  connections(): number;
  /** Forgets what was captured. */
  clear(): void;
  close(): void;
}

/** Relays each of `ports`; a connection that the server refuses is broken off. */
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
    // what came before a reset is not lost
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
