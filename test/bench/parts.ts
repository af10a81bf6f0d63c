/**
 * Benchmark: part 2 from the server's start to the end of both, under each runtime and in Python
 *
 * Run: npm run bench -- parts [ROUNDS]
 *
 * The contestants take turns, so that a busy machine slows all of them. The ratio is that of the
 * medians to Python's.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { Program, ROOT, TSX } from "../support/launch.ts";

interface Contestant {
  name: string;
  server: string[];
  client: (port: string) => string[];
}

const rounds = Number(process.argv[2] ?? 9);
const contestants = [
  scripts("tsx", [`${ROOT}node_modules/.bin/tsx`]),
  scripts("node --import tsx", TSX),
  scripts("node --import tsx, WEBCRYPTO=native", ["env", "WEBCRYPTO=native", ...TSX]),
  ...fromRuntimes("node 22 without tsx", ["node"]),
  ...fromRuntimes("deno", ["deno", "run", "--quiet", "--allow-net", "--allow-env", "--allow-read"]),
  ...fromRuntimes("bun", ["bun"]),
  ...python(),
];

const times = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
for (let round = 0; round < rounds; round++) {
  for (const [contestant, list] of times) list.push(await exchange(contestant));
}

const peer = contestants.find(({ name }) => name.startsWith("Python")) ?? contestants[0];
const reference = peer ? median(times.get(peer) ?? []) : Number.NaN;
console.log(`Part 2, start to finish, ${rounds} rounds in turn; ratio to ${peer?.name}\n`);
console.log(`${"".padEnd(38)}    min  median     max   ratio`);
for (const [{ name }, list] of times) {
  const figures = [Math.min(...list), median(list), Math.max(...list)].map((ms) =>
    `${(ms / 1000).toFixed(2)} s`.padStart(8),
  );
  console.log(`${name.padEnd(36)}${figures.join("")}${(median(list) / reference).toFixed(2).padStart(8)}`);
}

/**
 * Milliseconds from the server's start until both have ended; the client starts once it listens.
 */
async function exchange({ name, server, client }: Contestant): Promise<number> {
  const start = performance.now();
  const serverProgram = new Program(server);
  const clientProgram = new Program(client(String(await serverProgram.port())));
  const endings = [await clientProgram.ending, await serverProgram.ending];
  const time = performance.now() - start;
  if (endings.some(({ status }) => status !== 0))
    throw new Error(`${name} failed: ${JSON.stringify(endings)}`);
  return time;
}

function scripts(name: string, runtime: readonly string[]): Contestant {
  return {
    name,
    server: [...runtime, "part2/server.ts", "pong", "--port", "0"],
    client: (port) => [...runtime, "part2/client.ts", "ping", "--port", port],
  };
}

function fromRuntimes(name: string, [command = "", ...args]: string[]): Contestant[] {
  const path = `${ROOT}test/runtimes/node_modules/.bin/${command}`;
  if (existsSync(path)) return [scripts(name, [path, ...args])];
  console.log(`left out: ${name} (npm ci --prefix test/runtimes installs it)`);
  return [];
}

function python(): Contestant[] {
  const command = ["python3", "/usr/bin/python3"].find(
    (candidate) => spawnSync(candidate, ["-c", "import cryptography"]).status === 0,
  );
  if (command !== undefined) {
    const peer = [command, "test/interop/peer.py", "part2"];
    return [
      {
        name: "Python with cryptography",
        server: [...peer, "server", "0", "pong"],
        client: (port) => [...peer, "client", port, "ping"],
      },
    ];
  }
  console.log("left out: Python (Debian: python3-cryptography)");
  return [];
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
