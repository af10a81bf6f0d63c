/** How a submission might be started: a guess that trials improve, and the task it makes. */
import type { Command } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { Launch } from "./build.ts";
import type { Pair } from "./programs.ts";
import type { Role } from "./roles.ts";

export interface Plan {
  pair: Pair;
  launches: Record<Side, Launch>;
  arguments: Record<Side, string[]>;
  /** More commands that run before, in the task's folder. */
  scripts: Command[];
  hosts: string[];
  shared: string[];
  /** A program that starts first, beside the server: a chat room, or an authority that both ask. */
  relay: { path: string; launch: Launch; arguments: string[] } | undefined;
  /** Answers to prompts, instead of the usual ones. */
  answers: Partial<Record<Role, string>>;
}

/** An item of `stdin`, as a manifest has it. */
export type InputItem = string | { wait: string } | { seconds: number };

/** The fields of a task that differ from their defaults. */
export interface TaskJson {
  folder?: string;
  prepare?: Command[];
  server: ProgramJson;
  client: ProgramJson;
  port?: number;
  shared?: string[];
  texts?: { message?: string; reply?: string };
  edits?: { file: string; find: string; replace: string }[];
  hosts?: string[];
}

export interface ProgramJson {
  command: Command;
  relay?: Command;
  stdin?: InputItem[];
}

/** What trials add to a plan. */
export interface Findings {
  stdin: Record<Side, InputItem[]>;
  port: number | undefined;
  texts: { message?: string; reply?: string };
  edits: { file: string; find: string; replace: string }[];
}

export const NO_FINDINGS: Findings = {
  stdin: { server: [], client: [] },
  port: undefined,
  texts: {},
  edits: [],
};

/** Returns the task, with as few fields as it needs. */
export function taskOf(plan: Plan, findings: Findings = NO_FINDINGS): TaskJson {
  const { server, client } = plan.launches;
  const launches = [server, client, ...(plan.relay ? [plan.relay.launch] : [])];
  const isTogether = launches.every(({ folder }) => folder === server.folder);
  const folder = isTogether ? server.folder : ".";
  const place = (command: Command, from: string): Command =>
    isTogether || from === "." ? command : ["sh", "-c", 'cd "$0" && exec "$@"', from, ...command];
  const prepare = isTogether
    ? merged(launches.map((launch) => launch.prepare))
    : launches.flatMap((launch) => launch.prepare.map((command) => place(command, launch.folder)));
  const program = (side: Side): ProgramJson => ({
    command: place([...plan.launches[side].command, ...plan.arguments[side]], plan.launches[side].folder),
    ...(findings.stdin[side].length > 0 && { stdin: findings.stdin[side] }),
  });
  const all = [...prepare, ...plan.scripts];
  return {
    ...(folder !== "." && { folder }),
    ...(all.length > 0 && { prepare: all }),
    server: {
      ...(plan.relay && {
        relay: place([...plan.relay.launch.command, ...plan.relay.arguments], plan.relay.launch.folder),
      }),
      ...program("server"),
    },
    client: program("client"),
    ...(findings.port !== undefined && { port: findings.port }),
    ...(plan.shared.length > 0 && { shared: plan.shared }),
    ...(Object.keys(findings.texts).length > 0 && { texts: findings.texts }),
    ...(findings.edits.length > 0 && { edits: findings.edits }),
    ...(plan.hosts.length > 0 && { hosts: plan.hosts }),
  };
}

/** Lets the compiler of Java run once for all programs; drops what occurs twice. */
function merged(builds: Command[][]): Command[] {
  const commands = new Map(builds.flat().map((command) => [command.join("\0"), command])).values();
  const kept: Command[] = [];
  for (const command of commands) {
    const [compiler, ...rest] = command;
    const at = kept.findIndex(([other]) => other === "javac" && compiler === "javac");
    const [, ...before] = kept[at] ?? [];
    if (at < 0) kept.push(command);
    else kept[at] = [compiler, ...new Set([...before, ...rest])];
  }
  return kept;
}
