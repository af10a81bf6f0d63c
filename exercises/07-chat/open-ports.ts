/** Ports that this machine can listen on. */
import { createServer } from "node:net";
import { systemCode } from "../../lib/cli/diagnostics.ts";
import { type Address, explainListen } from "../../lib/net/tcp.ts";

/**
 * Yields the ports of `host` from `from` to `to` that can be listened on, in ascending order. Each
 * is free again when it is yielded.
 *
 * @throws Error when `host` is not an address of this machine
 */
export async function* openPorts({
  host,
  from,
  to,
}: {
  host: string;
  from: number;
  to: number;
}): AsyncGenerator<number> {
  for (let port = from; port <= to; port += 1) if (await isOpen({ host, port })) yield port;
}

/** Says whether this process can listen on `address`: nothing else does, and it is permitted. */
async function isOpen(address: Address): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (["EADDRINUSE", "EACCES"].includes(systemCode(error) ?? "")) resolve(false);
      else reject(explainListen(error, address));
    });
    server.listen(address.port, address.host, () => server.close(() => resolve(true)));
  });
}
