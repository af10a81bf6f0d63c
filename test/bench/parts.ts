/**
 * Benchmark: part 2 from the server's start to the end of both, under each runtime and in Python
 *
 * Run: npm run bench -- parts [ROUNDS]
 *
 * The contestants take turns, so that a busy machine slows all of them. Prints medians: an empty
 * script under the same runtime; the phases of the server, which are loading until it listens, and
 * making its key; the whole exchange, as a multiple of two empty scripts, and of Python's.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { Program, ROOT, TSX } from "../support/launch.ts";

interface Contestant {
  name: string;
  empty: string[];
  server: string[];
  client: (port: string) => string[];
}

const empty = join(mkdtempSync(join(tmpdir(), "sml-bench-parts-")), "empty.ts");
writeFileSync(empty, "");
process.once("exit", () => rmSync(dirname(empty), { recursive: true }));

const rounds = Number(process.argv[2] ?? 9);
const contestants = [
  scripts("tsx", [`${ROOT}node_modules/.bin/tsx`]),
  scripts("node --import tsx", TSX),
  scripts("node --import tsx, WEBCRYPTO=native", ["env", "WEBCRYPTO=native", ...TSX]),
  ...fromRuntimes("node 22 without tsx", ["node"]),
  ...fromRuntimes("node 22 without tsx, WEBCRYPTO=native", ["node"], ["env", "WEBCRYPTO=native"]),
  ...fromRuntimes("deno", ["deno", "run", "--quiet", "--allow-net", "--allow-env", "--allow-read"]),
  ...fromRuntimes("bun", ["bun"]),
  ...python(),
];

const times = new Map<Contestant, Times[]>(contestants.map((contestant) => [contestant, []]));
for (let round = 0; round < rounds; round++) {
  for (const [contestant, list] of times) list.push(await exchange(contestant));
}

const peer = contestants.find(({ name }) => name.startsWith("Python")) ?? contestants[0];
const reference = medians(peer ? (times.get(peer) ?? []) : []).whole;
console.log(`Part 2, start to finish, ${rounds} rounds in turn\n`);
console.log(`${"".padEnd(36)}   empty  loading     key   whole  / 2 empty  / ${peer?.name}`);
for (const [{ name }, list] of times) {
  const { empty, loading, key, whole } = medians(list);
  const figures = [empty, loading, key, whole].map((ms) =>
    (Number.isNaN(ms) ? "-" : `${(ms / 1000).toFixed(2)} s`).padStart(8),
  );
  const ratios = [whole / (2 * empty), whole / reference].map((ratio) => ratio.toFixed(2).padStart(11));
  console.log(`${name.padEnd(36)}${figures.join("")}${ratios.join("")}`);
}

/** Durations in milliseconds. */
interface Times {
  empty: number;
  loading: number;
  key: number;
  whole: number;
}

/**
 * Runs an exchange, from the server's start until both have ended. The client starts once the
 * server listens.
 */
async function exchange({ name, empty, server, client }: Contestant): Promise<Times> {
  const beforeEmpty = performance.now();
  const endings = [await new Program(empty).ending];
  const start = performance.now();
  let keyAt = Number.NaN;
  const onLine = (line: string) => {
    if (line.startsWith("My key:")) keyAt = performance.now();
  };
  const serverProgram = new Program(server, { onLine });
  const port = await serverProgram.port();
  const listensAt = performance.now();
  const clientProgram = new Program(client(String(port)));
  endings.push(await clientProgram.ending, await serverProgram.ending);
  const end = performance.now();
  if (endings.some(({ status }) => status !== 0))
    throw new Error(`${name} failed: ${JSON.stringify(endings)}`);
  return {
    empty: start - beforeEmpty,
    loading: listensAt - start,
    key: keyAt - listensAt,
    whole: end - start,
  };
}

function medians(list: Times[]): Times {
  const of = (phase: keyof Times) => median(list.map((times) => times[phase]));
  return { empty: of("empty"), loading: of("loading"), key: of("key"), whole: of("whole") };
}

function scripts(name: string, runtime: readonly string[]): Contestant {
  return {
    name,
    empty: [...runtime, empty],
    server: [...runtime, "part2/server.ts", "pong", "--port", "0"],
    client: (port) => [...runtime, "part2/client.ts", "ping", "--port", port],
  };
}

function fromRuntimes(name: string, [command = "", ...args]: string[], prefix: string[] = []): Contestant[] {
  const path = `${ROOT}test/runtimes/node_modules/.bin/${command}`;
  if (existsSync(path)) return [scripts(name, [...prefix, path, ...args])];
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
        empty: [command, "-c", ""],
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
