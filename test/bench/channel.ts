/**
 * Benchmark: the secure channel against TLS 1.3 with mutual RSA authentication
 *
 * Run: npm run bench -- channel
 *
 * Two processes over the loopback interface, with the same key sizes on both sides. The providers
 * of WebCrypto take turns, and so do TLS and the channel. Prints rates, and the channel's as a
 * fraction of TLS's; for bulk also the processor time per gigabyte, of both processes together and
 * of WebCrypto alone.
 */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as tls from "node:tls";
import { fileURLToPath } from "node:url";
import type { Channel } from "../../lib/channel/channel.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { ChannelServer } from "../../lib/channel/channel-server.ts";
import { randomBytes, subtle } from "../../lib/crypto/webcrypto.ts";
import { loadIdentity } from "../support/identities.ts";

const HOST = "127.0.0.1";
const KIB = 1024;
const ROUNDS = 3;
const HANDSHAKES = 48;
const AT_ONCE = 8;
const ROUND_TRIPS = 1500;
const SMALL = 64;
const BLOCKS = [64 * KIB, 256 * KIB, 1024 * KIB];
const BULK = 192 * KIB * KIB;
const IN_FLIGHT = 4;
/** The system counts the time of other processes in hundredths of a second. */
const TICKS = 100;

/** One connection, of either kind. */
interface Connection {
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Waits until `length` bytes have arrived. */
  receive(length: number): Promise<void>;
  close(): void;
}

type Connect = (port: "small" | "bulk") => Promise<Connection>;
type Ports = Record<"tls" | "channel", Record<string, number | undefined>>;

const [role, directory = ""] = process.argv.slice(2);
if (role === "server") await serve();
else if (role === "client") await measure();
else await compare();

/** Starts the two processes for each provider, and prints the table. */
async function compare(): Promise<void> {
  const certificates = mkdtempSync(join(tmpdir(), "sml-bench-"));
  try {
    for (const name of ["a", "b"]) {
      const key = fileURLToPath(new URL(`../keys/identity-3072-${name}.pem`, import.meta.url));
      const request = ["req", "-x509", "-new", "-key", key, "-subj", `/CN=${name}`, "-days", "2"];
      execFileSync("openssl", [...request, "-out", join(certificates, `${name}.pem`)]);
    }
    console.log(`channel against TLS 1.3, RSA 3072 on both sides, Node ${process.version}\n`);
    console.log("provider   measurement                          TLS        channel      ratio   CPU s/GB");
    for (const provider of ["peculiar", "native"]) {
      const env = { ...process.env, WEBCRYPTO: provider };
      const server = fork(fileURLToPath(import.meta.url), ["server", certificates], { env });
      const [ports] = await once(server, "message");
      const client = fork(fileURLToPath(import.meta.url), ["client", certificates], {
        env: { ...env, PORTS: JSON.stringify(ports), SERVER: String(server.pid) },
      });
      await once(client, "exit");
      server.kill();
      await once(server, "exit");
    }
  } finally {
    rmSync(certificates, { recursive: true });
  }
}

function tlsOptions(own: "a" | "b", other: "a" | "b"): tls.TlsOptions & tls.ConnectionOptions {
  return {
    key: readFileSync(new URL(`../keys/identity-3072-${own}.pem`, import.meta.url)),
    cert: readFileSync(join(directory, `${own}.pem`)),
    ca: readFileSync(join(directory, `${other}.pem`)),
    minVersion: "TLSv1.3",
    ecdhCurve: "P-256",
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  };
}

/**
 * The server process: sends one byte first, then answers each 64 bytes on one port, each bulk on
 * another.
 */
async function serve(): Promise<void> {
  const identity = await loadIdentity("b");
  const ports: Ports = { tls: {}, channel: {} };
  for (const [name, unit] of Object.entries({ small: SMALL, bulk: BULK })) {
    const tlsServer = tls.createServer(
      { ...tlsOptions("b", "a"), requestCert: true, noDelay: true },
      (socket) => {
        answer(overTls(socket), unit).catch(() => socket.destroy());
      },
    );
    await new Promise<void>((resolve) => tlsServer.listen(0, HOST, resolve));
    const bound = tlsServer.address();
    ports.tls[name] = typeof bound === "object" ? bound?.port : 0;
    const address = { host: HOST, port: 0 };
    const talk = (channel: Channel) => answer(overChannel(channel), unit);
    ports.channel[name] = (await ChannelServer.listen(address, { identity, serve: talk })).port;
  }
  process.send?.(ports);
}

async function answer(connection: Connection, unit: number): Promise<void> {
  await connection.send(new Uint8Array(1));
  const reply = new Uint8Array(SMALL);
  for (;;) {
    await connection.receive(unit);
    await connection.send(reply);
  }
}

/** The client process. */
async function measure(): Promise<void> {
  const ports: Ports = JSON.parse(process.env["PORTS"] ?? "{}");
  const identity = await loadIdentity("a");
  const options = tlsOptions("a", "b");
  const kinds: Record<"tls" | "channel", Connect> = {
    tls: async (port) => {
      const socket = tls.connect({ ...options, host: HOST, port: ports.tls[port] ?? 0 });
      socket.setNoDelay(true);
      const connection = overTls(socket);
      await connection.receive(1);
      return connection;
    },
    channel: async (port) => {
      const connection = overChannel(
        await connectChannel({ host: HOST, port: ports.channel[port] ?? 0 }, { identity }),
      );
      await connection.receive(1);
      return connection;
    },
  };
  await row("handshakes, 8 at once", "/s", kinds, handshakes);
  await row("round trips of 64 bytes", "/s", kinds, roundTrips);
  for (const length of BLOCKS) {
    await row(`bulk, ${length / KIB} KiB, 4 in flight`, " MB/s", kinds, (connect) => bulk(connect, length));
    await cryptographyAlone(length);
  }
  process.exit();
}

async function row(
  name: string,
  unit: string,
  kinds: Record<"tls" | "channel", Connect>,
  run: (connect: Connect) => Promise<number>,
): Promise<void> {
  const rates: Record<"tls" | "channel", number[]> = { tls: [], channel: [] };
  const work: Record<"tls" | "channel", number> = { tls: 0, channel: 0 };
  await run(kinds.tls);
  await run(kinds.channel);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of ["tls", "channel"] as const) {
      const start = workSoFar();
      rates[kind].push(await run(kinds[kind]));
      work[kind] += workSoFar() - start;
    }
  }
  const [ofTls, ofChannel] = [median(rates.tls), median(rates.channel)];
  const format = (rate: number) => `${rate.toFixed(0)}${unit}`.padStart(13);
  const each = (seconds: number) => (seconds / ((ROUNDS * BULK) / 1e9)).toFixed(1);
  const effort = name.startsWith("bulk") ? `   ${each(work.tls)} and ${each(work.channel)}` : "";
  console.log(
    `${providerName()} ${name.padEnd(30)} ${format(ofTls)} ${format(ofChannel)} ${(ofChannel / ofTls).toFixed(2).padStart(9)}${effort}`,
  );
}

/**
 * Seals and opens as many bytes as a bulk run, in this process alone; prints the processor time.
 */
async function cryptographyAlone(length: number): Promise<void> {
  const key = await subtle.importKey("raw", randomBytes(32), "AES-GCM", false, ["encrypt", "decrypt"]);
  const gcm = { name: "AES-GCM", iv: randomBytes(12) };
  const block = new Uint8Array(length).fill(7);
  const { user, system } = process.cpuUsage();
  let left = BULK / length;
  const line = async () => {
    while (left > 0) {
      left -= 1;
      await subtle.decrypt(gcm, key, await subtle.encrypt(gcm, key, block));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, line));
  const after = process.cpuUsage();
  const seconds = (after.user - user + after.system - system) / 1e6;
  const name = `  WebCrypto alone, ${length / KIB} KiB`;
  console.log(`${providerName()} ${name.padEnd(30)} ${(seconds / (BULK / 1e9)).toFixed(1).padStart(51)}`);
}

/** Processor seconds of this process and the server so far; of this one only, without /proc. */
function workSoFar(): number {
  const { user, system } = process.cpuUsage();
  const file = `/proc/${process.env["SERVER"]}/stat`;
  const fields = existsSync(file)
    ? readFileSync(file, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
    : [];
  return (user + system) / 1e6 + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}

function providerName(): string {
  return (process.env["WEBCRYPTO"] ?? "").padEnd(10);
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

async function handshakes(connect: Connect): Promise<number> {
  const start = performance.now();
  const line = async () => {
    for (let index = 0; index < HANDSHAKES / AT_ONCE; index += 1) (await connect("small")).close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  return HANDSHAKES / ((performance.now() - start) / 1000);
}

async function roundTrips(connect: Connect): Promise<number> {
  const connection = await connect("small");
  const message = new Uint8Array(SMALL);
  const start = performance.now();
  for (let turn = 0; turn < ROUND_TRIPS; turn += 1) {
    await connection.send(message);
    await connection.receive(SMALL);
  }
  const rate = ROUND_TRIPS / ((performance.now() - start) / 1000);
  connection.close();
  return rate;
}

async function bulk(connect: Connect, length: number): Promise<number> {
  const connection = await connect("bulk");
  const block = new Uint8Array(length).fill(7);
  const start = performance.now();
  let left = BULK / length;
  const line = async () => {
    while (left > 0) {
      left -= 1;
      await connection.send(block);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, line));
  await connection.receive(SMALL);
  const rate = BULK / 1e6 / ((performance.now() - start) / 1000);
  connection.close();
  return rate;
}

function overChannel(channel: Channel): Connection {
  return {
    send: (bytes) => channel.send(bytes),
    async receive(length) {
      for (let missing = length; missing > 0; ) {
        const message = await channel.receive();
        if (!message) throw new Error("ended");
        missing -= message.length;
      }
    },
    close: () => void channel.close(),
  };
}

function overTls(socket: tls.TLSSocket): Connection {
  let missing = 0;
  let wake: (error?: Error) => void = () => {};
  socket.on("data", (chunk) => {
    missing -= chunk.length;
    if (missing <= 0) wake();
  });
  socket.on("error", (error) => wake(error));
  socket.on("close", () => wake(new Error("closed")));
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    receive(length) {
      missing += length;
      if (missing <= 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        wake = (error) => (error ? reject(error) : resolve());
      });
    },
    close: () => socket.end(),
  };
}
