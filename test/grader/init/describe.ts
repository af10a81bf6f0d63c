/** What init tells its user about a submission. */
import { printable, quoted } from "../../../lib/bytes/printable.ts";
import type { TextFinding } from "./findings.ts";
import { type InitResult, isLaunched, type TaskResult } from "./init-folder.ts";
import type { SeenProgram } from "./trial.ts";

/** Returns the lines about one submission. */
export function describeResult({ tasks, written, seconds }: InitResult): string[] {
  const file = written === undefined ? "nothing was written" : `wrote ${written}`;
  const took = `${file}, after ${Math.round(seconds)} s`;
  return [...tasks.flatMap(describeTask), took].map(printable);
}

/** Returns one line: how sure the manifest is. */
export function sureness(result: InitResult): string {
  const { tasks } = result;
  if (tasks.every(({ proof }) => proof?.message && proof.reply))
    return "launches: proved by an exchange both ways";
  if (tasks.some(isLaunched)) return "launches in part";
  return tasks.some(({ json }) => json !== undefined) ? "a draft: no text arrives" : "not found";
}

function describeTask({ task, why, attempt, proof, problems }: TaskResult): string[] {
  const lines = [`task ${task} (${why})`];
  if (attempt) {
    const { plan, seen, found, notes } = attempt;
    if (plan.relay) {
      const words = [...plan.relay.launch.command, ...plan.relay.arguments].join(" ");
      lines.push(`  first, beside the server: ${plan.relay.path}, as ${words}`);
    }
    for (const side of ["server", "client"] as const) {
      const words = [...plan.launches[side].command, ...plan.arguments[side]].join(" ");
      const how = seen ? describeProgram(seen[side]) : "";
      lines.push(`  ${side}: ${plan.pair[side].source.path}, as ${words}${how}`);
    }
    lines.push(...notes.map((note) => `  because ${note}`));
    if (found) {
      lines.push(`  message: ${describeText(found.message, proof?.message)}`);
      lines.push(`  reply: ${describeText(found.reply, proof?.reply)}`);
    }
  }
  return [...lines, ...problems.map((problem) => `  ! ${problem}`)];
}

function describeProgram({ listeners, typed }: SeenProgram): string {
  const places = [
    ...new Set(
      listeners.map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`),
    ),
  ];
  const lines = typed.map(({ prompt, line }) => {
    const asked = prompt.trimEnd().split("\n").at(-1)?.trim() ?? "";
    return `${asked === "" ? "without a prompt" : quoted(asked.slice(-40))} gets ${line}`;
  });
  return [
    places.length > 0 ? `; listens on ${places.join(", ")}` : "",
    lines.length > 0 ? `; ${lines.join(", ")}` : "",
  ].join("");
}

function describeText({ from, fixed, file }: TextFinding, isProved: boolean | undefined): string {
  const where = {
    argument: "as an argument",
    prompt: "typed",
    source: `fixed in the source: ${quoted(fixed ?? "", 60)}`,
    file: `in the file ${file}`,
    none: "no way in was found",
  }[from];
  return `${where}; ${isProved ? "proved by an exchange" : "does not arrive"}`;
}
