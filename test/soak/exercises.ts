/**
 * Soak: ten thousand failing connections against each exercise's server
 *
 * Run: npm run test:soak
 *
 * Silence, garbage, half a hello, hellos at the limit, resets; and an honest client that is cut off
 * after every few bytes of the protocol, in either direction. Honest clients must be served
 * meanwhile and afterwards. The server, in its own process, may keep no socket of the others, and
 * no more memory than after the first thousand. Prints figures; exits with 1 if they are wrong.
 */
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { EXERCISES, type Talk, withExercise } from "../support/exercise-clients.ts";
import { type Program, TSX, TSX_WITH_STOCK_KEY } from "../support/launch.ts";

const HOST = "127.0.0.1";
const CONNECTIONS = 10_000;
const AT_ONCE = 100;
/** In how many places of each direction an honest client is cut off. */
const CUTS = 40;
/** Bytes of the closing record; a conversation without it is complete. */
const GOODBYE = 21;
/** Seconds after which the server drops a silent client. */
const TIMEOUT = 5;
const MIB = 1024 * 1024;
/** Bytes by which the server may grow between a tenth of the connections and all of them. */
const NOISE = 40 * MIB;
/** Makes the server collect garbage early, so that growth means a leak. */
const env = { NODE_OPTIONS: "--max-old-space-size=64" };
let failed = false;

for (const name of Object.keys(EXERCISES)) {
  console.log(`\n${name}`);
  // 01 makes an RSA key for each client, which is not tested here
  const tsx = name.startsWith("01") ? TSX_WITH_STOCK_KEY : TSX;
  await withExercise(name, { tsx, env, flags: ["--timeout", String(TIMEOUT)] }, soak);
}
process.exitCode = failed ? 1 : 0;

async function soak(server: Program, port: number, talk: Talk): Promise<void> {
  check((await talk(port)) === "pong", "an honest client is served");
  const cuts = await cutOff(port, talk);
  check((await patiently(talk, port)) === "pong", `and after ${cuts} were cut off on their way`);

  await flood(port, CONNECTIONS / 10);
  const early = await settle(server);
  const start = performance.now();
  const flooding = flood(port, CONNECTIONS - CONNECTIONS / 10);
  let served = 0;
  let tries = 0;
  let over = false;
  const honest = (async () => {
    while (!over) {
      tries += 1;
      if ((await talk(port).catch(() => "")) === "pong") served += 1;
    }
  })();
  await flooding;
  const seconds = (performance.now() - start) / 1000;
  over = true;
  await honest;
  check(
    served > 0,
    `${served} of ${tries} tries of an honest client during the flood of ${seconds.toFixed(0)} s`,
  );
  const late = await settle(server);
  check((await patiently(talk, port)) === "pong", "and afterwards");
  const shown = [early, late].map(({ memory }) => (memory / MIB).toFixed(1));
  check(
    late.memory - early.memory < NOISE,
    `${shown[0]} MiB after ${CONNECTIONS / 10} connections, ${shown[1]} MiB after ${CONNECTIONS}, at most ${NOISE / MIB} more`,
  );
  check(late.sockets <= early.sockets, `${late.sockets} sockets, ${early.sockets} before`);
  check(!/^ +at /m.test(server.stderr), "no stack was printed");
}

/** Opens and spoils `count` connections. */
async function flood(port: number, count: number): Promise<void> {
  let left = count;
  const line = async () => {
    while (left > 0) {
      left -= 1;
      await spoil(port, left % 7);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

async function spoil(port: number, kind: number): Promise<void> {
  const socket = connect({ host: HOST, port });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.resume().once("close", resolve));
  await Promise.race([new Promise((resolve) => socket.once("connect", resolve)), closed]);
  if (kind === 0) socket.resetAndDestroy();
  else if (kind === 1) socket.end();
  else if (kind === 2) socket.end("GET / HTTP/1.1\r\n\r\n");
  else if (kind === 3) socket.write(encodeUint32(0xffff_ffff));
  else if (kind === 4) socket.write(new Uint8Array([...encodeUint32(8192), ...randomBytes(8192)]));
  else if (kind === 5) socket.write(new Uint8Array([...encodeUint32(8192), ...randomBytes(100)]));
  // the last kind sends nothing; a connection that is not refused ends by itself
  const timer = setTimeout(() => socket.destroy(), kind === 5 ? 50 : 500);
  await closed;
  clearTimeout(timer);
}

/** Cuts honest clients off, each after a few bytes more of either direction; returns how many. */
async function cutOff(port: number, talk: Talk): Promise<number> {
  const whole = await relay(port, talk);
  let count = 0;
  for (const direction of ["sent", "received"] as const) {
    for (let index = 0; index < CUTS; index += 1) {
      const after = Math.floor((whole[direction] * index) / CUTS);
      const { outcome } = await relay(port, talk, { direction, after });
      if (outcome === "pong" && after < whole[direction] - GOODBYE)
        check(false, `served with ${after} of ${whole[direction]} bytes ${direction}`);
      count += 1;
    }
  }
  return count;
}

/**
 * Runs an honest client through a relay that resets both sides at `cut`; returns the number of
 * bytes that passed, and the outcome.
 */
async function relay(
  port: number,
  talk: Talk,
  cut?: { direction: "sent" | "received"; after: number },
): Promise<{ sent: number; received: number; outcome: unknown }> {
  const passed = { sent: 0, received: 0 };
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: HOST, port, allowHalfOpen: true });
    const reset = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    const pass = (direction: "sent" | "received", from: Socket, to: Socket) => {
      from.on("error", reset);
      from.on("end", () => to.end());
      from.on("data", (bytes: Bytes) => {
        const room = cut?.direction === direction ? cut.after - passed[direction] : bytes.length;
        passed[direction] += bytes.length;
        if (room >= bytes.length) to.write(bytes);
        else to.write(bytes.subarray(0, Math.max(room, 0)), reset);
      });
    };
    pass("sent", client, upstream);
    pass("received", upstream, client);
  });
  listener.listen(0, HOST);
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const outcome = await talk(address.port).catch((error: unknown) => error);
  listener.close();
  if (cut === undefined && outcome !== "pong") throw outcome;
  return { ...passed, outcome };
}

/** Tries again: a flooded server may drop an honest client too, but not every time. */
async function patiently(talk: Talk, port: number): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await talk(port);
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

interface Figures {
  /** Resident bytes. */
  memory: number;
  sockets: number;
}

/**
 * Returns the server's figures once its last sockets are gone, or its deadline for silent ones has
 * passed.
 */
async function settle(server: Program): Promise<Figures> {
  const until = performance.now() + (TIMEOUT + 2) * 1000;
  let sockets = countSockets(server);
  // its own listener is one
  while (sockets > 1 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    sockets = countSockets(server);
  }
  const [, kibibytes = "0"] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8")) ?? [];
  return { memory: Number(kibibytes) * 1024, sockets };
}

function countSockets({ child }: Program): number {
  const folder = `/proc/${child.pid}/fd`;
  const isSocket = (name: string) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith("socket:");
    } catch {
      return false; // closed meanwhile
    }
  };
  return readdirSync(folder).filter(isSocket).length;
}

function check(fine: boolean, text: string): void {
  console.log(`${fine ? "ok  " : "FAIL"}  ${text}`);
  if (!fine) failed = true;
}
