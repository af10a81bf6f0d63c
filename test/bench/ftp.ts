/**
 * Benchmark: exercise 05's FTP server against vsftpd with TLS, and our client over X-SML
 *
 * Run: npm run bench -- ftp [--size MIB] [--rounds N] [PART OF A NAME...]
 *
 * Transfers one file over the loopback interface, up under a new name and down. Both servers meet
 * the same curl over TLS, and so does the floor: node:tls alone, without a disk. The contenders
 * take turns in each round. Prints the median rates, their ratio to vsftpd's, the processor time of
 * server and client per GiB, the server's share of it, and the largest memory of our server.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { installErrorHandlers } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { makeKeyFolder } from "../support/key-folder.ts";
import { Program, ROOT, TSX } from "../support/launch.ts";
import { findVsftpd, startVsftpd } from "../support/vsftpd.ts";
import { createCertificates } from "./channel/connections.ts";

const MIB = 1024 * 1024;
const PASSIVE_PORTS = 10;
const PASSWORD = "correct horse battery staple";
const TICKS_PER_SECOND = 100;
const EXERCISE = "exercises/05-ftp";

/** One way to transfer the file. */
interface Contender {
  name: string;
  /** The server's process. */
  pid: number;
  /** Where the server keeps the file. */
  stored: string;
  /** Transfers the file, and returns once it has arrived. */
  up: () => Promise<void>;
  down: () => Promise<void>;
  rates: Record<Direction, number[]>;
  /** Seconds of processor time of the server, and of the client. */
  seconds: Record<Direction, number[]>;
  clientSeconds: Record<Direction, number[]>;
}

type Direction = "up" | "down";

installErrorHandlers();
const { values, words } = parseFlags(process.argv.slice(2), {
  size: { value: "MIB", default: "2048", help: "" },
  rounds: { value: "N", default: "3", help: "" },
});
const size = Number(values["size"]);
const rounds = Number(values["rounds"]);

const folder = await mkdtemp(join(tmpdir(), "sml-bench-ftp-"));
const endings: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
try {
  await compare();
} finally {
  for (const end of endings.toReversed()) await end();
}

async function compare(): Promise<void> {
  const file = join(folder, "file");
  await makeFile(file);
  const contenders: Contender[] = [];
  const program = findVsftpd();
  if (program) {
    const path = join(folder, "vsftpd");
    await mkdir(path);
    const server = await startVsftpd(program, path);
    endings.push(() => server.stop());
    const url = `ftp://127.0.0.1:${server.port}/files/file`;
    const stored = join(server.files, "file");
    contenders.push(curl("vsftpd       TLS    curl", server.pid, { url, user: "anonymous:x", file, stored }));
  } else console.log("vsftpd is not installed (Debian: vsftpd), so there is nothing to compare with\n");
  contenders.push(await bareTls(file));
  for (const provider of ["native", "peculiar"]) contenders.push(...(await ours(provider, file)));
  const chosen =
    words.length === 0
      ? contenders
      : contenders.filter(({ name }) => words.some((word) => name.includes(word)));

  console.log(`${size} MiB, ${rounds} rounds, Node ${process.version}, ${curlVersion()}\n`);
  for (let round = 0; round < rounds; round += 1)
    for (const direction of ["up", "down"] as const)
      for (const contender of chosen) await measure(contender, direction);
  await print(chosen);
}

/** Starts node:tls without a disk. */
async function bareTls(file: string): Promise<Contender> {
  createCertificates(folder);
  const files = [join(ROOT, "test/keys/identity-3072-a.pem"), join(folder, "a.pem")];
  const server = new Program([...TSX, "test/bench/ftp/bare-tls.ts", String(size * MIB), ...files]);
  endings.push(() => server.stop());
  const url = `https://127.0.0.1:${await server.port()}/file`;
  const login = { user: "anonymous:x", file, stored: join(folder, "discarded") };
  return curl("node:tls     HTTPS  curl", server.child.pid ?? 0, { url, ...login });
}

/** Starts our server with this provider of WebCrypto; returns its contenders. */
async function ours(provider: string, file: string): Promise<Contender[]> {
  const keys = await makeKeyFolder({ server: "rsa-3072", client: "rsa-2048-a" });
  endings.push(() => keys.remove());
  const path = join(folder, provider);
  const [users, password] = [join(path, "users.csv"), join(path, "password")];
  await mkdir(join(path, "root", "ann"), { recursive: true });
  await writeFile(password, `${PASSWORD}\n`, { mode: 0o600 });
  const add = [`${EXERCISE}/users.ts`, "add", "ann", "--users", users, "--password-file", password];
  execFileSync(process.execPath, [...TSX.slice(1), ...add, "--cost", "1000"], { stdio: "ignore" });
  const first = await findFreePorts(PASSIVE_PORTS);
  const env = { WEBCRYPTO: provider };
  const server = new Program(
    [
      ...[...TSX, `${EXERCISE}/server.ts`, "--root", join(path, "root"), "--users", users, "--port", "0"],
      ...["--passive", `${first}-${first + PASSIVE_PORTS - 1}`, "--keys", keys.path],
    ],
    { env },
  );
  endings.push(() => server.stop());
  const port = await server.port();
  const pid = server.child.pid ?? 0;
  const stored = join(path, "root", "ann", "file");

  const client = (...flags: string[]): Contender => {
    const here = join(folder, "fetched");
    const common = [
      "--port",
      String(port),
      "--keys",
      keys.path,
      "--user",
      "ann",
      "--password-file",
      password,
    ];
    const run = (...command: string[]) =>
      check([...TSX, `${EXERCISE}/client.ts`, ...common, ...flags, ...command], env);
    return {
      name: "",
      pid,
      stored,
      up: () => run("put", file, "file"),
      down: () => run("get", "file", here),
      rates: { up: [], down: [] },
      seconds: { up: [], down: [] },
      clientSeconds: { up: [], down: [] },
    };
  };
  const xSml = { ...client(), name: `ours         X-SML  our client (${provider})` };
  if (provider !== "native") return [xSml];
  const url = `ftp://127.0.0.1:${port}/file`;
  return [
    curl("ours         TLS    curl", pid, { url, user: `ann:${PASSWORD}`, file, stored }),
    { ...client("--tls"), name: "ours         TLS    our client" },
    xSml,
  ];
}

function curl(
  name: string,
  pid: number,
  { url, user, file, stored }: { url: string; user: string; file: string; stored: string },
): Contender {
  const here = join(folder, "fetched");
  const config = join(folder, `curl-${pid}`);
  const run = async (...args: string[]) => {
    // with HTTPS curl would wait for a word of the server before it sends a file
    await writeFile(config, `user = "${user}"\nheader = "Expect:"\n`, { mode: 0o600 });
    await check(["curl", "-sS", "-k", "--ssl-reqd", "--tlsv1.3", "-K", config, ...args]);
  };
  return {
    name,
    pid,
    stored,
    up: () => run("-T", file, url),
    down: () => run("-o", here, url),
    rates: { up: [], down: [] },
    seconds: { up: [], down: [] },
    clientSeconds: { up: [], down: [] },
  };
}

async function measure(contender: Contender, direction: Direction): Promise<void> {
  if (direction === "up") await rm(contender.stored, { force: true });
  // otherwise data of earlier runs would be written to disk on this one's time
  execFileSync("sync");
  const before = await processorSeconds(contender.pid);
  const beforeOfClients = await processorSeconds(process.pid, "children");
  const start = performance.now();
  await contender[direction]();
  contender.rates[direction].push(((size * MIB) / (performance.now() - start)) * 1e-3);
  contender.clientSeconds[direction].push(
    (await processorSeconds(process.pid, "children")) - beforeOfClients,
  );
  // the process of a session counts once it has ended
  await new Promise((resolve) => setTimeout(resolve, 500));
  contender.seconds[direction].push((await processorSeconds(contender.pid)) - before);
  const fetched = join(folder, "fetched");
  if (direction === "up") return;
  if ((await stat(fetched)).size !== size * MIB) throw new Error(`${contender.name}: the file is not whole`);
  await rm(fetched);
}

async function print(contenders: Contender[]): Promise<void> {
  const base = contenders.find(({ name }) => name.startsWith("vsftpd"));
  console.log(
    "server       over   client                  up MB/s  ratio    down MB/s  ratio   s/GiB up (server)   down (server)   memory",
  );
  for (const { name, pid, rates, seconds, clientSeconds } of contenders) {
    const cells = (["up", "down"] as const).map((direction) => {
      const rate = median(rates[direction]);
      const ratio = base ? (rate / median(base.rates[direction])).toFixed(2) : "-";
      return `${rate.toFixed(0).padStart(8)} ${ratio.padStart(7)}`;
    });
    const costs = (["up", "down"] as const).map((direction) => {
      const ofServer = (median(seconds[direction]) * 1024) / size;
      const ofClient = (median(clientSeconds[direction]) * 1024) / size;
      return `${(ofServer + ofClient).toFixed(2).padStart(8)} ${`(${ofServer.toFixed(2)})`.padStart(7)}`;
    });
    const peak = name.startsWith("vsftpd") ? "" : `${((await peakMemory(pid)) / MIB).toFixed(0)} MiB`;
    console.log(`${name.padEnd(40)}${cells.join("   ")}   ${costs.join("")}      ${peak.padStart(8)}`);
  }
}

/** Runs a command to its end. @throws Error with its output when it fails */
async function check([file = "", ...args]: string[], env: Record<string, string> = {}): Promise<void> {
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${output}`);
}

async function makeFile(path: string): Promise<void> {
  const block = randomBytes(MIB);
  const handle = await open(path, "w");
  for (let index = 0; index < size; index += 1) await handle.write(block);
  await handle.close();
}

/** Processor seconds of a process's ended children, or of itself too; 0 without /proc. */
async function processorSeconds(pid: number, whose: "all" | "children" = "all"): Promise<number> {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const fields = (await readFile(file, "utf8")).replace(/^.*\) /s, "").split(" ");
  const ticks = fields.slice(whose === "all" ? 11 : 13, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks / TICKS_PER_SECOND;
}

/** The largest resident memory that a process has had, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return Number.NaN;
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(file, "utf8")) ?? [];
  return Number(kib) * 1024;
}

function curlVersion(): string {
  return execFileSync("curl", ["--version"], { encoding: "utf8" }).split(" (")[0] ?? "";
}

function median(list: number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
}
