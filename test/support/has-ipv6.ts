/** Says whether this machine has IPv6 on its loopback interface; some containers have none. */
import { once } from "node:events";
import { createServer } from "node:net";

export async function hasIpv6(): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(0, "::1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
