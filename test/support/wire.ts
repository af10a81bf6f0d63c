/** A wire between two ends of a transport, with an attacker on it. */
import type { Bytes } from "../../lib/bytes/bytes.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { memoryPair } from "./memory-transport.ts";

const LIMIT = 4 * 1024 * 1024;

export interface Passing {
  message: Bytes;
  from: "client" | "server";
  /** How many messages of this side went before. */
  index: number;
}

/**
 * What is forwarded instead of a message: itself, something else, several, nothing; undefined ends
 * that half.
 */
export type Tamper = (passing: Passing) => readonly Bytes[] | undefined;

export const passOn: Tamper = ({ message }) => [message];

/** Returns the two ends of a wire on which `tamper` sees every message. */
export function wire(tamper: Tamper): { client: Transport; server: Transport } {
  const [client, clientSide] = memoryPair();
  const [server, serverSide] = memoryPair();
  void relay(clientSide, serverSide, "client", tamper);
  void relay(serverSide, clientSide, "server", tamper);
  return { client, server };
}

async function relay(
  source: Transport,
  sink: Transport,
  from: Passing["from"],
  tamper: Tamper,
): Promise<void> {
  try {
    for (let index = 0; ; index += 1) {
      const message = await source.next(LIMIT);
      const instead = message && tamper({ message, from, index });
      if (!instead) break;
      for (const other of instead) await sink.write(other);
    }
    sink.end();
  } catch {
    sink.destroy(new Error("the wire is cut"));
  }
}

/** Returns a tamper that does `change` to one message, and passes the others on. */
export function onMessage(
  from: Passing["from"],
  index: number,
  change: (message: Bytes) => readonly Bytes[],
): Tamper {
  return (passing) =>
    passing.from === from && passing.index === index ? change(passing.message) : [passing.message];
}

/** Returns a copy of `message` with one bit flipped; bit 0 is the lowest of the first byte. */
export function flipBit(message: Bytes, bit: number): Bytes {
  const copy = message.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
