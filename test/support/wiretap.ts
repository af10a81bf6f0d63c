/** A relay between a client and a server on this computer, which sees and may alter every byte. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

export const DIRECTIONS = ["client to server", "server to client"] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Wiretap {
  /** The port for the client. */
  port: number;
  /** Returns all bytes so far, as they were sent. */
  captured(direction: Direction): Bytes;
  close(): void;
}

/**
 * Relays one connection to `port` on 127.0.0.1.
 *
 * @param hooks onBytes: called with each piece; alter: returns the bytes to forward instead of the
 *   piece, which starts at `offset` of its direction; at: where to listen (default: a free port of
 *   127.0.0.1)
 */
export async function wiretap(
  port: number,
  hooks: {
    onBytes?: (direction: Direction, bytes: Bytes) => void;
    alter?: (direction: Direction, bytes: Bytes, offset: number) => Bytes;
    at?: { host: string; port: number };
  } = {},
): Promise<Wiretap> {
  const pieces: Record<Direction, Bytes[]> = { "client to server": [], "server to client": [] };
  const sockets: Socket[] = [];

  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    server.close();
    const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    sockets.push(client, upstream);
    relay("client to server", client, upstream);
    relay("server to client", upstream, client);
  });

  function relay(direction: Direction, from: Socket, to: Socket): void {
    let offset = 0;
    from.on("data", (bytes: Bytes) => {
      pieces[direction].push(bytes);
      hooks.onBytes?.(direction, bytes);
      to.write(hooks.alter?.(direction, bytes, offset) ?? bytes);
      offset += bytes.length;
    });
    from.on("end", () => to.end());
    // Node cannot reset a socket while its end is in transit
    from.on("error", () => (to.writableEnded && !to.writableFinished ? to.destroy() : to.resetAndDestroy()));
  }

  server.listen(hooks.at ?? { host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wiretap has no port");
  return {
    port: address.port,
    captured: (direction) => concat(pieces[direction]),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
