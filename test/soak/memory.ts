/**
 * Soak: the memory that a server of conversations spends on its clients
 *
 * Run: npm run test:soak -- memory
 *
 * One key opens as many channels as it may, and then six others do. Each sends a longest text but
 * its last byte. The server of exercise 02, in its own process, may use no more than the formula of
 * lib/README.md. Prints figures; exits with 1 if they are wrong.
 */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { concat } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { MAX_CHANNELS_PER_KEY } from "../../lib/channel/channel-server.ts";
import { TEXT_LIMIT } from "../../lib/channel/conversation.ts";
import { shakeHandsAsClient } from "../../lib/channel/handshake.ts";
import { MESSAGE } from "../../lib/channel/records.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { FramedStream } from "../../lib/net/framing.ts";
import { openSocket } from "../../lib/net/tcp.ts";
import { withExercise } from "../support/exercise-clients.ts";
import { loadIdentity } from "../support/identities.ts";
import { loadKeys } from "../support/keys.ts";
import type { Program } from "../support/launch.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** Bytes for each channel, as in lib/README.md. */
const EACH = TEXT_LIMIT + 128 * KIB;
/** Bytes by which the server may grow besides, for garbage that is not collected yet. */
const NOISE = 48 * MIB;
/** Seconds in which the server must have read what was sent. */
const PATIENCE = 60;
/** Makes the server collect garbage early. */
const env = { NODE_OPTIONS: "--max-old-space-size=64" };

let failed = false;
await withExercise("02-refactor", { env }, fill);
process.exitCode = failed ? 1 : 0;

async function fill(server: Program, port: number): Promise<void> {
  const others: Identity[] = [await loadIdentity("b")];
  for (const name of ["rsa-2048-b", "rsa-2048-c", "rsa-2052", "rsa-3072", "rsa-4096"] as const)
    others.push(await loadKeys(name));
  const empty = memoryOf(server);
  const sockets: Socket[] = [];
  sockets.push(...(await openMany(port, await loadIdentity("a"))));
  check(sockets.length === MAX_CHANNELS_PER_KEY, `${sockets.length} channels under one key`);
  await compare(server, sockets, empty);
  for (const identity of others) sockets.push(...(await openMany(port, identity)));
  const expected = MAX_CHANNELS_PER_KEY * (1 + others.length);
  check(sockets.length === expected, `${sockets.length} channels under ${1 + others.length} keys`);
  await compare(server, sockets, empty);
  for (const socket of sockets) socket.destroy();
}

/** Opens channels until the server refuses one; each gets a longest text but its last byte. */
async function openMany(port: number, identity: Identity): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (;;) {
    const socket = await openSocket({ host: "127.0.0.1", port, timeout: 10 });
    const transport = new FramedStream(socket);
    try {
      const { sealer } = await shakeHandsAsClient(transport, { identity });
      const record = concat(sealer.seal(MESSAGE, new Uint8Array(TEXT_LIMIT)));
      socket.write(concat([encodeUint32(record.length), record.subarray(0, -1)]));
      sockets.push(socket);
    } catch (error) {
      socket.destroy();
      console.log(`      ${error instanceof Error ? error.message : error}`);
      return sockets;
    }
  }
}

/** Compares the memory of the server with the formula, once it has read everything. */
async function compare(server: Program, sockets: Socket[], empty: number): Promise<void> {
  const until = performance.now() + PATIENCE * 1000;
  const least = sockets.length * TEXT_LIMIT;
  let grown = 0;
  do {
    await setTimeout(500);
    grown = memoryOf(server) - empty;
  } while (grown < least && performance.now() < until);
  const most = sockets.length * EACH + NOISE;
  const shown = [grown, most].map((bytes) => (bytes / MIB).toFixed(0));
  check(grown <= most, `the server has grown by ${shown[0]} MiB, at most ${shown[1]}`);
}

/** Returns the resident bytes of the server. */
function memoryOf({ child }: Program): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * KIB;
}

function check(fine: boolean, text: string): void {
  console.log(`${fine ? "ok  " : "FAIL"}  ${text}`);
  if (!fine) failed = true;
}
