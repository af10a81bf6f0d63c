/** The tap on the wire, through which an attack sees and changes every piece. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "./direction.ts";

/** Sees each piece in transit, and decides what is forwarded instead. */
export interface Tap {
  /** The server's ports stay open to clients after it closes them: the tap answers there. */
  readonly keepPortsOpen?: boolean;
  /**
   * Called for each new connection of a client: "refuse" resets it; with "play" the server is not
   * contacted, and the tap answers through `inject`.
   */
  onConnect?(connection: Connection): "relay" | "refuse" | "play";
  /** Returns the bytes to forward instead of `bytes`, at once or later; empty drops the piece. */
  onData?(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes>;
  /** Called when one side ends its half of the connection; false hides that from the other side. */
  onEnd?(connection: Connection, direction: Direction): boolean | Promise<boolean>;
}

/** A client's connection as the wire sees it. */
export interface Connection {
  /** Counted from 1 in each session. */
  readonly id: number;
  readonly port: number;
  /** The number of the client's program. */
  readonly client: number;
  /** Sends bytes of the tap's own in `direction`. */
  inject(direction: Direction, bytes: Bytes): void;
  end(direction: Direction): void;
  reset(): void;
}
