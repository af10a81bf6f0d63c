/** How programs are kept apart from this machine and from each other. */
import type { Limits } from "./box.ts";
import type { Machine } from "./machine.ts";
import type { TaskManifest } from "./manifest.ts";
import type { Report, Side } from "./report.ts";

export interface Sandbox {
  /** What it can do, as the report says it. */
  readonly isolation: Report["isolation"];
  /** What the programs of a submission need, all tasks together. */
  admit(submission: { folder: string; commands: readonly string[] }): void;
  /** Where servers are, if that is the same for both sides and in each stage. */
  endpoint(task: TaskManifest): { host: string; port: number } | undefined;
  /** The machines of one stage, which reach each other through the wire alone. */
  open(task: TaskManifest): Promise<Machines>;
  close(): Promise<void>;
}

export interface Machines {
  /** Where a program of `side` finds the server, or is the server. */
  endpoint(side: Side): { host: string; port: number };
  /** Makes a machine ready, its program waiting at the gate. */
  make(request: MachineRequest): Promise<Machine>;
}

export interface MachineRequest {
  side: Side;
  /** The folder of which the program gets a copy. */
  source: string;
  /** Where it is started, relative to that. */
  folder: string;
  command: string[];
  env: Record<string, string>;
  limits: Limits;
}
