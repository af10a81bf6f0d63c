/** What this computer's tables of sockets say about a port or a connection, without connecting. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

/** Returns whether a process listens on `port`, at any address. */
export async function isListening(port: number): Promise<boolean> {
  return process.platform === "linux"
    ? (await readTables()).some((table) => listensInTable(table, port))
    : listensInNetstat(await netstat(), port);
}

/**
 * Returns the bytes of a connection that are on their way from one port to the other, or wait there
 * to be read; undefined where that cannot be observed.
 */
export async function unreadBetween(from: number, to: number): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  return (await readTables()).reduce((sum, table) => sum + unreadInTable(table, from, to), 0);
}

/** Reads /proc/net/tcp: column 5 has the send and receive queue, in hexadecimal. */
export function unreadInTable(table: string, from: number, to: number): number {
  const portOf = (address = "") => Number.parseInt(address.split(":")[1] ?? "", 16);
  return table.split("\n").reduce((sum, line) => {
    const [, local, remote, , queues = ""] = line.trim().split(/\s+/);
    const [written = 0, received = 0] = queues.split(":").map((length) => Number.parseInt(length, 16));
    if (portOf(local) === from && portOf(remote) === to) return sum + written;
    return portOf(local) === to && portOf(remote) === from ? sum + received : sum;
  }, 0);
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

function readTables(): Promise<string[]> {
  return Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "latin1").catch(() => "")));
}

async function netstat(): Promise<string> {
  const { stdout } = await promisify(execFile)("netstat", ["-an"], { maxBuffer: 16 << 20 });
  return stdout;
}
