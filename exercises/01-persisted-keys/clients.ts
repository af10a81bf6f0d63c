/** The clients of a server that makes one exchange with each: many at once, none of whom can end it. */
import type { Socket } from "node:net";
import type { FramedStream } from "../../lib/net/framing.ts";
import { Pending } from "../../lib/net/pending.ts";
import { type Endpoint, formatAddress, framed, listenOn } from "../../lib/net/tcp.ts";

/** Clients that have not proved who they are; when there are more, the oldest is dropped. */
export const MAX_PENDING = 64;

/** A client that is connected. */
export interface Client {
  connection: FramedStream;
  /** Its IP address. */
  host: string;
  /** To be called once it has proved who it is: from then on, others who come do not displace it. */
  proved: () => void;
}

/**
 * Listens, and lets `serve` talk with each client for `timeout` seconds at most; says on standard error what came of it.
 *
 * @param serve returns who was served; what it throws is why the client is refused
 * @returns where it listens, as HOST:PORT
 * @throws Error when it cannot listen there
 */
export async function serveClients(
  endpoint: Endpoint,
  serve: (client: Client) => Promise<string>,
): Promise<string> {
  const pending = new Pending(MAX_PENDING);
  const attend = async (socket: Socket) => {
    // first of all, since it listens to the errors of the socket
    const connection = framed(socket, endpoint);
    const { remoteAddress = "?", remotePort = 0 } = socket;
    const address = formatAddress({ host: remoteAddress, port: remotePort });
    const proved = () => pending.delete(socket);
    socket.once("close", proved);
    pending.add(socket);
    try {
      const who = await serve({ connection, host: remoteAddress, proved });
      console.error(`${address} served: ${who}`);
    } catch (error) {
      socket.destroy();
      const expected = error instanceof Error && error.constructor === Error;
      console.error(`${address} refused: ${expected ? error.message : "a mistake of ours"}`);
      if (!expected) console.error(error);
    }
  };
  const bound = await listenOn(endpoint, (socket) => void attend(socket));
  return formatAddress({ host: endpoint.host, port: bound.port });
}
