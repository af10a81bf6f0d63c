/**
 * Benchmark: the secure channel against TLS 1.3 with mutual RSA authentication, and plain TCP
 *
 * Run: npm run bench -- channel [native|peculiar] [PART OF A MEASUREMENT'S NAME...]
 *
 * Two processes over the loopback interface, with the same key sizes on both sides. The contestants
 * take turns. Prints the medians of their rates and of the processor time that both processes spend
 * on an operation; a ratio over 1 means that the channel is better. "bare" is the floor of records:
 * node:crypto seals and opens each in a frame over TCP, without numbers, promises or limits. The
 * last lines are floors too: what the cryptography costs by itself, in this process alone.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { deriveShared, generateEphemeral } from "../../lib/crypto/ephemeral.ts";
import { importPublicIdentity } from "../../lib/crypto/identity.ts";
import { sign, verify } from "../../lib/crypto/signature.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { loadIdentity } from "../support/identities.ts";
import {
  type Connection,
  connector,
  createCertificates,
  KINDS,
  type Kind,
  listen,
} from "./channel/connections.ts";

const ROUNDS = 5;
const KIB = 1024;
const HANDSHAKES = 144;
const AT_ONCE = 8;
const ROUND_TRIPS = 3000;
const SMALL = 64;
const BULK = 192 * KIB * KIB;

type Connect = () => Promise<Connection>;
type Ports = Record<Kind, { small: number; bulk: number }>;

interface Measurement {
  name: string;
  /** What the rate and the processor time count. */
  units: { rate: string; work: string };
  peers: Kind[];
  port: "small" | "bulk";
  /** Operations of one run, in the unit of the rate, and of the processor time. */
  operations: number;
  perWork: number;
  run: (connect: Connect) => Promise<void>;
}

const MEASUREMENTS: Measurement[] = [
  {
    name: `handshakes, ${AT_ONCE} at once`,
    units: { rate: "/s", work: "ms" },
    peers: ["TLS", "TCP"],
    port: "small",
    operations: HANDSHAKES,
    perWork: 1e3 / HANDSHAKES,
    run: handshakes,
  },
  ...[1, 64].map(
    (inFlight): Measurement => ({
      name: `round trips of ${SMALL} bytes, ${inFlight} in flight`,
      units: { rate: "/s", work: "µs" },
      peers: ["TLS", "bare"],
      port: "small",
      operations: ROUND_TRIPS,
      perWork: 1e6 / ROUND_TRIPS,
      run: (connect) => roundTrips(connect, inFlight),
    }),
  ),
  ...[64, 256, 1024].map(
    (kib): Measurement => ({
      name: `bulk, ${kib} KiB, 4 in flight`,
      units: { rate: " MB/s", work: "s/GB" },
      peers: ["TLS", "TCP", "bare"],
      port: "bulk",
      operations: BULK / 1e6,
      perWork: 1e9 / BULK,
      run: (connect) => bulk(connect, kib * KIB, 4),
    }),
  ),
];

const [role, ...words] = process.argv.slice(2);
if (role === "--server") await serve(words[0] ?? "");
else if (role === "--client") await measure(words[0] ?? "", words.slice(1));
else await compare(role === undefined ? [] : [role, ...words]);

/** Starts the processes for each provider of WebCrypto. */
async function compare(given: string[]): Promise<void> {
  const providers = ["peculiar", "native"];
  const chosen = providers.filter((provider) => given.includes(provider));
  const names = given.filter((word) => !providers.includes(word));
  const folder = mkdtempSync(join(tmpdir(), "sml-bench-"));
  try {
    createCertificates(folder);
    console.log(`RSA 3072 on both sides, medians of ${ROUNDS} rounds, Node ${process.version}\n`);
    console.log(
      `${line("provider", "measurement", "", "", "channel", "ratio")}${"processor time".padStart(27)}  ratio`,
    );
    for (const provider of chosen.length > 0 ? chosen : providers) {
      const client = startSelf("--client", [folder, ...names], { ...process.env, WEBCRYPTO: provider });
      await once(client, "exit");
    }
    await floors();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The server process: sends a byte first, then answers each unit of its port with 64 bytes. */
async function serve(certificates: string): Promise<void> {
  const answer = async (connection: Connection, unit: number) => {
    const reply = new Uint8Array(SMALL);
    await connection.send(new Uint8Array(1));
    for (;;) {
      await connection.receive(unit);
      await connection.send(reply);
    }
  };
  const ports: Partial<Ports> = {};
  for (const kind of KINDS)
    ports[kind] = {
      small: await listen(kind, certificates, (connection) => answer(connection, SMALL)),
      bulk: await listen(kind, certificates, (connection) => answer(connection, BULK)),
    };
  process.on("message", () => process.send?.(ownSeconds()));
  process.send?.(ports);
}

/** The client process. */
async function measure(certificates: string, names: string[]): Promise<void> {
  const server = startSelf("--server", [certificates], process.env);
  const [ports]: Ports[] = await once(server, "message");
  const connectors = await Promise.all(KINDS.map((kind) => connector(kind, certificates)));
  for (const measurement of MEASUREMENTS) {
    if (names.length > 0 && !names.some((name) => measurement.name.includes(name))) continue;
    const kinds: Kind[] = [...measurement.peers, "channel"];
    const runs = kinds.map((kind) => {
      const connect = async () => {
        const connection = await connectors[KINDS.indexOf(kind)]?.(ports?.[kind][measurement.port] ?? 0);
        if (!connection) throw new Error("not connected");
        await connection.receive(1);
        return connection;
      };
      return { kind, run: () => measurement.run(connect), rates: [] as number[], work: [] as number[] };
    });
    for (const { run } of runs) await run();
    for (let round = 0; round < ROUNDS; round += 1)
      for (const { run, rates, work } of runs) {
        const before = await workSoFar(server);
        const start = performance.now();
        await run();
        rates.push(measurement.operations / ((performance.now() - start) / 1000));
        work.push(((await workSoFar(server)) - before) * measurement.perWork);
      }
    const ours = runs.at(-1);
    for (const peer of runs) if (ours && peer !== ours) print(measurement, peer, ours);
  }
  server.kill();
  process.exit();
}

interface Result {
  kind: Kind;
  rates: number[];
  work: number[];
}

function print({ name, units }: Measurement, peer: Result, ours: Result): void {
  const rate = (result: Result) => `${median(result.rates).toFixed(0)}${units.rate}`;
  const work = (result: Result) => median(result.work).toPrecision(3);
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  const wall = ratio(median(ours.rates), median(peer.rates));
  const effort = `${work(peer)} and ${work(ours)} ${units.work}`;
  console.log(
    `${line(process.env["WEBCRYPTO"] ?? "", name, peer.kind, rate(peer), rate(ours), wall)}${effort.padStart(27)}  ${ratio(median(peer.work), median(ours.work)).padStart(5)}`,
  );
}

function line(
  provider: string,
  name: string,
  peer: string,
  peerRate: string,
  ourRate: string,
  ratio: string,
): string {
  return `${provider.padEnd(9)} ${name.padEnd(35)} ${peer.padEnd(4)} ${peerRate.padStart(11)} ${ourRate.padStart(11)}  ${ratio.padStart(5)}`;
}

async function handshakes(connect: Connect): Promise<void> {
  const one = async () => {
    for (let index = 0; index < HANDSHAKES / AT_ONCE; index += 1) (await connect()).close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

async function roundTrips(connect: Connect, inFlight: number): Promise<void> {
  const connection = await connect();
  const message = new Uint8Array(SMALL);
  const sent: Promise<void>[] = [];
  for (let turn = 0; turn < ROUND_TRIPS + inFlight; turn += 1) {
    if (turn >= inFlight) await connection.receive(SMALL);
    if (turn < ROUND_TRIPS) sent.push(connection.send(message));
  }
  await Promise.all(sent);
  connection.close();
}

async function bulk(connect: Connect, length: number, inFlight: number): Promise<void> {
  const connection = await connect();
  const block = new Uint8Array(length).fill(7);
  let left = BULK / length;
  const send = async () => {
    while (left > 0) {
      left -= 1;
      await connection.send(block);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, send));
  await connection.receive(SMALL);
  connection.close();
}

/** Prints the processor time of the signatures of a handshake, and of the cipher for a gigabyte. */
async function floors(): Promise<void> {
  const identity = await loadIdentity("a");
  const signatures = await secondsOf(async () => {
    for (let index = 0; index < 2 * HANDSHAKES; index += 1)
      await verify(identity, await sign(identity, ["bench"]), ["bench"]);
  });
  const keys = await secondsOf(async () => {
    for (let index = 0; index < 2 * HANDSHAKES; index += 1) {
      await importPublicIdentity(identity.spki);
      const ephemeral = generateEphemeral();
      deriveShared(ephemeral, ephemeral.point);
    }
  });
  const perHandshake = (seconds: number) => `${((seconds * 1e3) / HANDSHAKES).toPrecision(3)} ms`;
  console.log(`\ntwo signatures, made and verified          ${perHandshake(signatures)}`);
  console.log(`both keys imported, and ECDH on both sides ${perHandshake(keys)}`);
  const [key, nonce, block] = [randomBytes(32), randomBytes(12), new Uint8Array(64 * KIB)];
  const cipher = await secondsOf(async () => {
    for (let left = BULK; left > 0; left -= block.length) {
      const sealing = createCipheriv("aes-256-gcm", key, nonce);
      const sealed = sealing.update(block);
      sealing.final();
      const opening = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
      opening.setAuthTag(sealing.getAuthTag());
      opening.update(sealed);
      opening.final();
    }
  });
  console.log(`AES-256-GCM of 64 KiB, sealed and opened   ${((cipher * 1e9) / BULK).toPrecision(3)} s/GB`);
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const before = ownSeconds();
  await work();
  return ownSeconds() - before;
}

/** Processor seconds of this process and the server so far. */
async function workSoFar(server: ChildProcess): Promise<number> {
  server.send("usage");
  const [seconds]: number[] = await once(server, "message");
  return (seconds ?? 0) + ownSeconds();
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function startSelf(role: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  return fork(fileURLToPath(import.meta.url), [role, ...args], { env });
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}
