/** Honest clients of a server that is flooded, for the soaks. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { ROOT, TSX } from "./launch.ts";

/** Honest clients during the flood and after it, and milliseconds between two of them. */
const DURING = 20;
const AFTER = 10;
const PAUSE = 500;
/** Seconds in which an honest client must be served, and the share that must be. */
const LIMIT = 5;
const SHARE = 0.9;

/** The arguments of test/support/flood.ts. */
export interface Flood {
  kind: string;
  rate: number;
  addresses: number;
  /** Connections that it keeps open at most. */
  open?: number;
}

/** Runs `work` during a flood of `port`. */
export async function duringFlood<T>(port: number, flood: Flood, work: () => Promise<T>): Promise<T> {
  const { kind, rate, addresses, open = Number.POSITIVE_INFINITY } = flood;
  const words = [...TSX, "test/support/flood.ts", port, kind, rate, addresses, open].map(String);
  const [node = "", ...args] = words;
  const child = spawn(node, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    await Promise.race([once(child.stdout, "data"), ended]);
    if (child.exitCode !== null) throw new Error(`the flood has ended with ${child.exitCode}`);
    await pause(1000);
    return await work();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/**
 * Lets honest clients come during a flood and after it. Each calls `talk`, which throws unless it
 * is served. Prints figures; returns false if too few are served in time.
 */
export async function areServed(port: number, flood: Flood, talk: () => Promise<void>): Promise<boolean> {
  await talk();
  const during = await duringFlood(port, flood, () => serve(DURING, "during", talk));
  const after = await serve(AFTER, "after", talk);
  return during && after;
}

/** Lets `count` honest clients come, one every `PAUSE` ms. */
async function serve(count: number, when: string, talk: () => Promise<void>): Promise<boolean> {
  const clients: Promise<number>[] = [];
  for (let client = 0; client < count; client += 1) {
    clients.push(serviceTime(talk));
    await pause(PAUSE);
  }
  const times = (await Promise.all(clients)).filter((time) => time <= LIMIT).sort((a, b) => a - b);
  const [median = 0, longest = 0] = [times[Math.floor(times.length / 2)], times.at(-1)];
  const isFine = times.length >= SHARE * count;
  console.log(
    `${isFine ? "ok  " : "FAIL"}  ${when}: ${times.length} of ${count} honest clients within ${LIMIT} s, median ${median.toFixed(2)} s, longest ${longest.toFixed(2)} s`,
  );
  return isFine;
}

/** Returns the seconds until an honest client is served; infinity if it is not, or too late. */
async function serviceTime(talk: () => Promise<void>): Promise<number> {
  const start = performance.now();
  const served = talk().then(
    () => (performance.now() - start) / 1000,
    () => Number.POSITIVE_INFINITY,
  );
  return Promise.race([served, pause(2 * LIMIT * 1000, Number.POSITIVE_INFINITY, { ref: false })]);
}
