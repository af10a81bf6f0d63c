/** A relay between clients and a server on this computer, which a test cuts and mends. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";

export interface CuttableRelay {
  /** The port for clients. */
  port: number;
  /** All bytes so far, in both directions. */
  captured(): Bytes;
  /** Resets all connections, and refuses new ones until `mend`. */
  cut(): void;
  /** Drops what passes from now on, until `cut`: the connections stay open. */
  swallow(): void;
  mend(): void;
  close(): void;
}

/** Relays connections to `port` on 127.0.0.1. */
export async function cuttableRelay(port: number): Promise<CuttableRelay> {
  const pieces: Bytes[] = [];
  const sockets = new Set<Socket>();
  let isCut = false;
  let isSwallowing = false;
  const server = createServer({ noDelay: true }, (client) => {
    client.on("error", () => {});
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
    pass(client, upstream);
    pass(upstream, client);
  });

  function pass(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on("data", (bytes: Bytes) => {
      if (isSwallowing) return;
      pieces.push(bytes);
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => from.resume());
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the relay has no port");
  const reset = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: bound.port,
    captured: () => concat(pieces),
    cut() {
      isCut = true;
      isSwallowing = false;
      reset();
    },
    swallow() {
      isSwallowing = true;
    },
    mend() {
      isCut = false;
      isSwallowing = false;
    },
    close() {
      server.close();
      reset();
    },
  };
}
