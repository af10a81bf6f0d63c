/**
 * Soak: half handshakes from other addresses, while honest clients come
 *
 * Run: npm run test:soak -- half-handshakes
 *
 * Against each exercise's server, with both providers of cryptography: 400 hellos a second after
 * which nothing follows, from one address and from many. Nine in ten honest clients must be served
 * within five seconds, during the flood and right after it. Prints figures, and the share of a
 * processor that each process had, which says what the machine had left; exits with 1 if they are
 * wrong.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import process from "node:process";
import { EXERCISES, type Talk, withExercise } from "../support/exercise-clients.ts";
import { type Program, ROOT, TSX } from "../support/launch.ts";
import { PROVIDERS } from "../tiers.ts";

/** Hellos a second: `RATE=40` on a machine that is busy with other things. */
const RATE = Number(process.env["RATE"] ?? 400);
/** From how many addresses the flood comes. */
const ADDRESSES = [1, 100];
/** Honest clients during the flood, and milliseconds between two of them. */
const DURING = 20;
const AFTER = 10;
const PAUSE = 500;
/** Seconds in which an honest client must be served, and the share that must be. */
const LIMIT = 5;
const SHARE = 0.9;

let failed = false;
for (const provider of PROVIDERS)
  for (const name of Object.keys(EXERCISES))
    for (const addresses of ADDRESSES) {
      console.log(`\n${name}, ${provider}, ${RATE} half handshakes a second from ${addresses} addresses`);
      await withExercise(name, { env: { WEBCRYPTO: provider } }, (server, port, talk) =>
        flooded(server, port, talk, { kind: name.startsWith("01") ? "01" : "channel", addresses }),
      );
    }
process.exitCode = failed ? 1 : 0;

async function flooded(
  server: Program,
  port: number,
  talk: Talk,
  { kind, addresses }: { kind: string; addresses: number },
): Promise<void> {
  if ((await talk(port)) !== "pong") throw new Error("an honest client is not served without a flood");
  const [node = "", ...args] = [...TSX, "test/support/flood.ts", port, kind, RATE, addresses].map(String);
  const flood = spawn(node, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  await once(flood.stdout, "data");
  await pause(1000);
  const shares = measureShares({ server: server.child.pid, flood: flood.pid, clients: process.pid });
  await serveHonest(port, talk, DURING, "during");
  console.log(`      ${shares()}; load ${loadavg()[0]?.toFixed(1)}`);
  flood.kill("SIGKILL");
  await once(flood, "exit");
  await serveHonest(port, talk, AFTER, "after");
}

/** Lets `count` honest clients come, one every `PAUSE` ms. */
async function serveHonest(port: number, talk: Talk, count: number, when: string): Promise<void> {
  const clients: Promise<number>[] = [];
  for (let client = 0; client < count; client += 1) {
    clients.push(serviceTime(port, talk));
    await pause(PAUSE);
  }
  const times = (await Promise.all(clients)).filter((time) => time <= LIMIT).sort((a, b) => a - b);
  const [median = 0, longest = 0] = [times[Math.floor(times.length / 2)], times.at(-1)];
  const fine = times.length >= SHARE * count;
  if (!fine) failed = true;
  console.log(
    `${fine ? "ok  " : "FAIL"}  ${when}: ${times.length} of ${count} honest clients within ${LIMIT} s, median ${median.toFixed(2)} s, longest ${longest.toFixed(2)} s`,
  );
}

/** Returns the seconds until an honest client is served; infinity if it is not. */
async function serviceTime(port: number, talk: Talk): Promise<number> {
  const start = performance.now();
  try {
    if ((await talk(port)) !== "pong") return Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  return (performance.now() - start) / 1000;
}

/** Returns a function that says what share of a processor each process has had since. */
function measureShares(pids: Record<string, number | undefined>): () => string {
  const measure = () => ({ at: performance.now(), used: Object.values(pids).map(processorSeconds) });
  const before = measure();
  return () => {
    const now = measure();
    const seconds = (now.at - before.at) / 1000;
    const shares = Object.keys(pids).map((name, index) => {
      const used = (now.used[index] ?? 0) - (before.used[index] ?? 0);
      return `${name} ${((100 * used) / seconds).toFixed(0)} %`;
    });
    return `of a processor: ${shares.join(", ")}`;
  };
}

/** Returns the user and system time of a process (proc_pid_stat(5), fields 14 and 15). */
function processorSeconds(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
