/** What the server is told by whoever starts it. */
import type { Socket } from "node:net";
import type { PortPool } from "../../../../lib/net/port-pool.ts";
import type { Mechanism } from "../../protection.ts";
import type { LogEvent } from "./event-log.ts";
import type { Throttle } from "./throttle.ts";
import type { User } from "./user-list.ts";

/** Those who may log in. */
export interface Users {
  /** Returns the user with this name and password, in the same time whether it is the name or the password that is wrong. */
  verify(name: string, password: string): Promise<User | undefined>;
  /** Returns the user of this name, if there is one. */
  find(name: string): User | undefined;
}

export interface FtpSettings {
  /** The folder of the host in which all homes are. */
  root: string;
  users: Users;
  mechanisms: readonly Mechanism[];
  /** Ports for data connections that the client opens. */
  pool: PortPool;
  throttle: Throttle;
  /** Whether passwords and files may go over the wire in clear. */
  allowPlaintext: boolean;
  /** Seconds that a data connection may take to come. */
  timeout: number;
  /** Seconds that a client may say nothing. */
  idle: number;
  /** Seconds that a client may take to log in. */
  login: number;
  /** Seconds that a transfer may stand still. */
  stall: number;
  log: (event: LogEvent) => void;
  /** Is told of each data connection: it may outlive its session by some seconds. */
  onData: (socket: Socket) => void;
  /** Is told of mistakes of ours. */
  report: (error: unknown) => void;
}
