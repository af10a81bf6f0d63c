/** Runs of free ports, for pools. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

// below the ports that systems hand out for outgoing connections, so that none of those gets in
// between
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Finds `count` ports in a row that are free; returns the first. */
export async function findFreePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(LOWEST, HIGHEST - count);
    const probes = await Promise.allSettled(Array.from({ length: count }, (_, index) => hold(first + index)));
    const held = probes.flatMap((probe) => (probe.status === "fulfilled" ? [probe.value] : []));
    await Promise.all(held.map(release));
    if (held.length === count) return first;
  }
}

/** Listens on `port` of 127.0.0.1, as another program would. @throws when another program does */
export async function hold(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Stops listening. */
export async function release(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
