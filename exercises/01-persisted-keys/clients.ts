/** Serves many clients at once, with one exchange each; none of them can end the server. */
import type { Socket } from "node:net";
import { explain } from "../../lib/cli/diagnostics.ts";
import type { Reports } from "../../lib/cli/reports.ts";
import type { FramedStream } from "../../lib/net/framing.ts";
import { networkOf } from "../../lib/net/network.ts";
import { DISPLACED, Places } from "../../lib/net/places.ts";
import { type Endpoint, formatAddress, framed, listenOn } from "../../lib/net/tcp.ts";

/**
 * Maximum number of unauthenticated clients, and of those of one address. When there are more, the
 * address that has the most loses one.
 */
export const MAX_PENDING = 256;
const MAX_PENDING_PER_ADDRESS = 64;

/** A connected client. */
export interface Client {
  connection: FramedStream;
  /** Below `connection`. */
  socket: Socket;
  /** Its IP address. */
  host: string;
  /** What its limits apply to: its IPv4 address, or its IPv6 network. */
  source: string;
  /** Marks the client as one that has been answered, which cost work. */
  answered: () => void;
  /** Marks the client as authenticated: from then on, new clients do not displace it. */
  proved: () => void;
}

/**
 * Listens, serves each client for at most `timeout` seconds, and reports each result.
 *
 * @param options serve: returns the identity of the client for the report; throws to refuse the
 *   client
 * @returns the address as HOST:PORT
 * @throws Error when it cannot listen there
 */
export async function serveClients(
  endpoint: Endpoint,
  { serve, reports }: { serve: (client: Client) => Promise<string>; reports: Reports },
): Promise<string> {
  const pending = new Places<Socket, "waiting" | "answered">({
    stages: ["waiting", "answered"],
    total: MAX_PENDING,
    perAddress: MAX_PENDING_PER_ADDRESS,
    drop: (socket) => socket.destroy(DISPLACED),
  });
  const attend = async (socket: Socket) => {
    // first, because it handles the errors of the socket
    const connection = framed(socket, endpoint);
    const { remoteAddress = "?", remotePort = 0 } = socket;
    const address = formatAddress({ host: remoteAddress, port: remotePort });
    const source = networkOf(remoteAddress);
    const answered = () => pending.move(socket, "answered");
    const proved = () => pending.release(socket);
    socket.once("close", proved);
    pending.take(socket, remoteAddress);
    try {
      const who = await serve({ connection, socket, host: remoteAddress, source, answered, proved });
      reports.add("served clients", `${address} served: ${who}`);
    } catch (error) {
      socket.destroy();
      reports.add("refused clients", `${address} refused: ${explain(error)}`);
    }
  };
  const bound = await listenOn(endpoint, (socket) => void attend(socket));
  return formatAddress({ host: endpoint.host, port: bound.port });
}
