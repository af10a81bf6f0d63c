/** Isolates programs from this computer and from each other. */
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { Report } from "../model/report.ts";
import type { Limits } from "./box.ts";
import type { Machine } from "./machine.ts";

export interface Sandbox {
  /** How well it isolates, for the report. */
  readonly isolation: Report["isolation"];
  /** Makes available what the programs of a submission need, in all tasks. */
  prepareFor(submission: { folder: string; commands: readonly string[] }): void;
  /** Where servers listen, if that is the same for both sides and in every session. */
  endpoint(task: TaskManifest): ServerAddress | undefined;
  /** Opens the machines of a session, which reach each other only through the wire. */
  open(task: TaskManifest): Promise<SessionMachines>;
  close(): Promise<void>;
}

export interface ServerAddress {
  host: string;
  port: number;
}

export interface SessionMachines {
  /**
   * Returns the server's address for the next program of `side`: to connect to, or to listen on.
   *
   * @throws NotShown if that cannot be arranged
   */
  endpoint(side: Side): Promise<ServerAddress>;
  /** Makes a machine whose program is ready to be started. */
  create(request: MachineOptions): Promise<Machine>;
  /** Lets the next session open, once the machines are closed. */
  release(): Promise<void>;
}

export interface MachineOptions {
  side: Side;
  /** The server's address, as given to the program. */
  endpoint: ServerAddress;
  /** The folder of which the program gets a copy. */
  source: string;
  /** The working folder, relative to `source`. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  limits: Limits;
}
