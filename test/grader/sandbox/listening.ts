/** Finds out whether a port of this computer is in use, without connecting. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

/** Returns whether a process listens on `port`, at any address. */
export async function isListening(port: number): Promise<boolean> {
  return process.platform === "linux"
    ? (await Promise.all(["tcp", "tcp6"].map(readTable))).some((table) => listensInTable(table, port))
    : listensInNetstat(await netstat(), port);
}

/** Reads /proc/net/tcp: column 2 has the local address, column 4 the state, both in hexadecimal. */
export function listensInTable(table: string, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return state === "0A" && local.endsWith(wanted);
  });
}

/**
 * Reads the output of netstat -an: `127.0.0.1.5000` and LISTEN on macOS, `127.0.0.1:5000` and
 * LISTENING on Windows.
 */
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
