/** Hostile clients: connections that send something bad, or nothing at all. */
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Session } from "../../model/session.ts";
import type { PreparedTask } from "../../run/prepared-task.ts";

export interface HostileClient {
  name: string;
  bytes: (prepared: PreparedTask) => Bytes[];
}

export const SILENT: HostileClient = { name: "silence", bytes: () => [] };
/** Hostile clients that send something. */
export const LOUD: HostileClient[] = [
  { name: "garbage", bytes: (prepared) => [prepared.random("garbage", 600)] },
  {
    name: "a web browser's request",
    bytes: () => [encodeUtf8("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
  },
  {
    name: "a length of 4 GiB without an end",
    bytes: () => [new Uint8Array([255, 255, 255, 255]), new Uint8Array(65_536).fill(0x41)],
  },
];

/**
 * Connects, sends the bytes, and returns a function that resets the connection. Does nothing if the
 * server refuses the connection: an honest client will show that.
 */
export async function connect(
  session: Session,
  { bytes }: HostileClient,
  prepared: PreparedTask,
): Promise<() => void> {
  try {
    const dialled = await session.dial();
    for (const piece of bytes(prepared)) dialled.write(piece);
    return () => dialled.reset();
  } catch {
    return () => {};
  }
}
