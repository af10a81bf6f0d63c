/** Whether a program waits for a line of input: seen in /proc, on Linux; elsewhere it is never. */
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import process from "node:process";
import { listThreads, readProc } from "./process-tree.ts";

/** System calls by number, for each processor: proc(5), /proc/PID/syscall. */
const CALLS: Partial<Record<string, Record<number, Waiting>>> = {
  x64: {
    0: "read",
    19: "read",
    45: "read",
    7: "poll",
    271: "poll",
    23: "select",
    270: "select",
    232: "epoll",
    281: "epoll",
    441: "epoll",
  },
  arm64: { 63: "read", 65: "read", 207: "read", 73: "poll", 72: "select", 22: "epoll", 441: "epoll" },
};
type Waiting = "read" | "poll" | "select" | "epoll";

/** struct pollfd: a file descriptor of 4 bytes, and two times 2 bytes of events. */
const POLLFD_LENGTH = 8;
const POLLIN = 1;
/** The most file descriptors of a poll that are looked at. */
const POLLFD_LIMIT = 64;

/**
 * Returns whether a thread of `processes` waits for input on file descriptor 0, and for that of
 * process `owner`: a program may have redirected its own.
 */
export function isReadingInput(processes: Iterable<number>, owner: number): boolean {
  const input = linkOf(owner);
  return (
    input !== "" &&
    [...processes].some(
      (id) => linkOf(id) === input && listThreads(id).some((thread) => waitsForInput(id, thread)),
    )
  );
}

function linkOf(id: number): string {
  try {
    return readlinkSync(`/proc/${id}/fd/0`);
  } catch {
    return "";
  }
}

function waitsForInput(id: number, thread: string): boolean {
  // "NUMBER ARGUMENT ... STACK COUNTER", or "running"
  const [number = "", ...words] = readProc(id, `task/${thread}/syscall`).split(" ");
  const [first = 0, second = 0] = words.map(Number);
  const call = /^\d+$/.test(number) ? CALLS[process.arch]?.[Number(number)] : undefined;
  if (call === "read") return first === 0;
  if (call === "epoll") return /^tfd:\s+0\s/m.test(readProc(id, `fdinfo/${first}`));
  if (call === "select") return first > 0 && ((memory(id, second, 1)[0] ?? 0) & 1) === 1;
  if (call !== "poll") return false;
  const entries = memory(id, first, Math.min(second, POLLFD_LIMIT) * POLLFD_LENGTH);
  for (let at = 0; at < entries.length; at += POLLFD_LENGTH)
    if (entries.readInt32LE(at) === 0 && (entries.readInt16LE(at + 4) & POLLIN) !== 0) return true;
  return false;
}

/** Returns `length` bytes of the memory of process `id`; none if they cannot be read. */
function memory(id: number, address: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (address === 0 || length === 0) return Buffer.alloc(0);
  try {
    const file = openSync(`/proc/${id}/mem`, "r");
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, length, address));
    } finally {
      closeSync(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}
