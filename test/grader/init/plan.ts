/** How a submission might be started: a guess that trials improve, and the task it makes. */
import type { Command } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { Launch } from "./build.ts";
import type { Pair } from "./programs.ts";

export interface Plan {
  pair: Pair;
  launches: Record<Side, Launch>;
  arguments: Record<Side, string[]>;
  /** More commands that run before, in the task's folder. */
  scripts: Command[];
  hosts: string[];
  shared: string[];
  /** The server only relays: a second client plays the server. */
  isRelay: boolean;
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
  const isTogether = server.folder === client.folder;
  const folder = isTogether ? server.folder : ".";
  const place = (command: Command, from: string): Command =>
    isTogether || from === "." ? command : ["sh", "-c", 'cd "$0" && exec "$@"', from, ...command];
  const commandOf = (side: Side) =>
    place([...plan.launches[side].command, ...plan.arguments[side]], plan.launches[side].folder);
  const prepare = isTogether
    ? merged([...server.prepare, ...client.prepare])
    : [server, client].flatMap((launch) => launch.prepare.map((command) => place(command, launch.folder)));
  const program = (side: Side, command: Command): ProgramJson => ({
    command,
    ...(findings.stdin[side].length > 0 && { stdin: findings.stdin[side] }),
  });
  const second = commandOf("client").map((word) => word.replaceAll("{message}", "{reply}"));
  const [first = "", ...rest] = second;
  const all = [...prepare, ...plan.scripts];
  return {
    ...(folder !== "." && { folder }),
    ...(all.length > 0 && { prepare: all }),
    server: plan.isRelay
      ? { ...program("server", [first, ...rest]), relay: commandOf("server") }
      : program("server", commandOf("server")),
    client: program("client", commandOf("client")),
    ...(findings.port !== undefined && { port: findings.port }),
    ...(plan.shared.length > 0 && { shared: plan.shared }),
    ...(Object.keys(findings.texts).length > 0 && { texts: findings.texts }),
    ...(findings.edits.length > 0 && { edits: findings.edits }),
    ...(plan.hosts.length > 0 && { hosts: plan.hosts }),
  };
}

/** Lets the compiler of Java run once for both programs; drops what occurs twice. */
function merged(commands: Command[]): Command[] {
  const kept: Command[] = [];
  for (const command of commands) {
    const same = kept.find(
      (other) =>
        other.length === command.length && other.slice(0, -1).join("\0") === command.slice(0, -1).join("\0"),
    );
    const last = command.at(-1);
    if (!same || command[0] !== "javac") kept.push(command);
    else if (last !== undefined && same.at(-1) !== last) same.push(last);
  }
  return kept;
}
