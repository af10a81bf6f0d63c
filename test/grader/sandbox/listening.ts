/** Which ports of this machine somebody listens on, found without connecting. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

/** Says whether somebody listens on `port`, at whatever address. */
export async function isListening(port: number): Promise<boolean> {
  return process.platform === "linux"
    ? (await Promise.all(["tcp", "tcp6"].map(readTable))).some((table) => listensInTable(table, port))
    : listensInNetstat(await netstat(), port);
}

/** As /proc/net/tcp says it: the local address in the second column, the state in the fourth, both in hexadecimal. */
export function listensInTable(table: string, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return state === "0A" && local.endsWith(wanted);
  });
}

/** As netstat -an says it, on macOS (`127.0.0.1.5000`, LISTEN) and Windows (`127.0.0.1:5000`, LISTENING). */
export function listensInNetstat(output: string, port: number): boolean {
  const columns = output.split("\n").map((line) => line.trim().split(/\s+/));
  return columns.some(
    (line) =>
      /^tcp/i.test(line[0] ?? "") &&
      line.some((column) => /^LISTEN(ING)?$/.test(column)) &&
      (line.find((column) => /[.:]\d+$/.test(column)) ?? "").match(/\d+$/)?.[0] === String(port),
  );
}

async function readTable(name: string): Promise<string> {
  return readFile(`/proc/net/${name}`, "latin1").catch(() => "");
}

async function netstat(): Promise<string> {
  const { stdout } = await promisify(execFile)("netstat", ["-an"], { maxBuffer: 16 << 20 });
  return stdout;
}
