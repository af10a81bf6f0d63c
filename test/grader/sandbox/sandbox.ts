/** How programs are kept apart from this machine and from each other. */

import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { Report } from "../model/report.ts";
import type { Limits } from "./box.ts";
import type { Machine } from "./machine.ts";

export interface Sandbox {
  /** What it can do, as the report says it. */
  readonly isolation: Report["isolation"];
  /** What the programs of a submission need, all tasks together. */
  prepareFor(submission: { folder: string; commands: readonly string[] }): void;
  /** Where servers are, if that is the same for both sides and in each stage. */
  endpoint(task: TaskManifest): ServerAddress | undefined;
  /** The machines of one stage, which reach each other through the wire alone. */
  open(task: TaskManifest): Promise<SessionMachines>;
  close(): Promise<void>;
}

export interface ServerAddress {
  host: string;
  port: number;
}

export interface SessionMachines {
  /** Where the next program of `side` finds the server, or is the server. @throws NotShown when that cannot be arranged */
  endpoint(side: Side): Promise<ServerAddress>;
  /** Makes a machine ready, its program waiting at the gate. */
  create(request: MachineOptions): Promise<Machine>;
  /** Makes room for the next stage, once the machines are closed. */
  release(): Promise<void>;
}

export interface MachineOptions {
  side: Side;
  /** What it was told of where the server is. */
  endpoint: ServerAddress;
  /** The folder of which the program gets a copy. */
  source: string;
  /** Where it is started, relative to that. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  limits: Limits;
}
