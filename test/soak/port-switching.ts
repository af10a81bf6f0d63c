/**
 * Soak: a thousand sessions of exercise 04 over a pool of ten
 *
 * Run: npm run test:soak
 *
 * Clients talk, vanish at every step, do not come to their port, or only disturb; there are more of
 * them at once than ports. Afterwards no port, socket, listener or timer may be left. Prints
 * figures; exits with 1 if they are wrong.
 */
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import process from "node:process";

import { encodeUtf8, equal } from "../../lib/bytes/bytes.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { shakeHandsAsClient } from "../../lib/channel/handshake.ts";
import { isBusy } from "../../lib/channel/refusal.ts";
import { FramedStream } from "../../lib/net/framing.ts";
import { hold, release } from "../support/free-ports.ts";
import { loadIdentity } from "../support/identities.ts";
import { allFree, claim, meet, resetAfter, startSwitching, stranger } from "../support/switchboard.ts";

const SESSIONS = 1000;
const POOL = 10;
const AT_ONCE = 14;
/** Seconds in which a port must be claimed. */
const CLAIM = 3;
/** Milliseconds after which a client tries again if the server is busy, and how often. */
const RETRY = 50;
const MAX_TRIES = 100;
const HOST = "127.0.0.1";
const message = encodeUtf8("a message");

const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];
const counts = { talked: 0, broke: 0, unclaimed: 0, strangers: 0, busy: 0 };
let failed = false;

const before = await resources();
const server = await startSwitching(bob, POOL, { claim: CLAIM });
let used = 0;
let left = SESSIONS;
const start = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, work));
const seconds = (performance.now() - start) / 1000;
// time for the last unclaimed port; more would be a leak
const deadline = setTimeout(() => fail("the ports are not free again"), 10 * CLAIM * 1000);
await allFree(server);
clearTimeout(deadline);
check(
  server.pool.free === POOL,
  `${server.pool.free} of ${POOL} ports are free, at most ${used} were in use`,
);
check(server.switchboard.size === 0, `${server.switchboard.size} ports are reserved or in use`);
for (const port of server.ports) await release(await hold(port));
check(true, `nothing listens on any of the ${POOL} ports`);
check(server.main.channels.size === 0, `${server.main.channels.size} channels are left on the main port`);
await server.close();
const after = await settle();
check(
  after.handles === before.handles,
  `${after.handles} sockets, listeners and timers, ${before.handles} before`,
);
check(
  after.descriptors === before.descriptors,
  `${after.descriptors} open files, ${before.descriptors} before`,
);
check(
  counts.talked + counts.broke + counts.unclaimed === SESSIONS && used === POOL,
  `${SESSIONS} sessions in ${seconds.toFixed(1)} s: ${counts.talked} talked, ${counts.broke} broke off, ${counts.unclaimed} did not come`,
);
check(counts.talked > SESSIONS / 2, `${counts.strangers} strangers in between, ${counts.busy} times busy`);
process.exitCode = failed ? 1 : 0;

/** Runs one client after the other until all sessions are done. */
async function work(): Promise<void> {
  while (left > 0) {
    left -= 1;
    await session(left);
  }
}

async function session(number: number): Promise<void> {
  const offer = await patiently(() => meet(server, alice));
  used = Math.max(used, server.switchboard.size);
  // each tenth goes wrong in its own way
  switch (number % 40) {
    case 3:
      counts.unclaimed += 1;
      return;
    case 13:
    case 23:
      await breakOff(offer, number % 40 === 13);
      counts.broke += 1;
      return;
    case 33:
      await disturb(offer.port);
      break;
    default:
  }
  const channel = await claim(offer);
  await channel.send(message);
  const answer = await channel.receive();
  if (!answer || !equal(answer, message)) fail("a wrong answer");
  await channel.close();
  counts.talked += 1;
}

/** Waits for a free port as a client with `--wait` does, but not as long. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (tries === MAX_TRIES) fail(`no port is free any more, ${left} sessions before the end`);
      counts.busy += 1;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

/** Connects to its port, and vanishes before it is accepted, or with a message on its way. */
async function breakOff(
  { port, ticket, key }: Awaited<ReturnType<typeof meet>>,
  early: boolean,
): Promise<void> {
  const socket = await stranger(port);
  const transport = new FramedStream(socket);
  const closed = once(socket, "close");
  const options = { preSharedKey: { id: ticket, key } };
  if (early) {
    // hello and proof
    resetAfter(socket, transport, 2);
    await shakeHandsAsClient(transport, options).catch(() => {});
  } else {
    const { sealer } = await shakeHandsAsClient(transport, options);
    await transport.write(...sealer.seal(4, message));
    socket.resetAndDestroy();
  }
  await closed;
}

/** Connects four strangers before the client: silence, nonsense, a reset, a wrong key. */
async function disturb(port: number): Promise<void> {
  counts.strangers += 4;
  (await stranger(port)).resume();
  (await stranger(port)).resume().end("GET / HTTP/1.1\r\n\r\n");
  (await stranger(port)).resetAndDestroy();
  const preSharedKey = { id: new Uint8Array(16), key: new Uint8Array(32) };
  await connectChannel({ host: HOST, port }, { preSharedKey }).catch(() => {});
}

interface Resources {
  /** Sockets, listeners and timers of this process. */
  handles: number;
  /** Its open files, where the system has /proc. */
  descriptors: number;
}

async function resources(): Promise<Resources> {
  const files = await readdir("/proc/self/fd").catch(() => []);
  const handles = process.getActiveResourcesInfo().filter((name) => /^TCP|^Timeout$/.test(name));
  return { handles: handles.length, descriptors: files.length };
}

/** The resources once the last sockets are gone. */
async function settle(): Promise<Resources> {
  for (let tries = 0; tries < 50; tries += 1) {
    const now = await resources();
    if (now.handles <= before.handles) return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return resources();
}

function check(fine: boolean, text: string): void {
  console.log(`${fine ? "ok  " : "FAIL"}  ${text}`);
  if (!fine) failed = true;
}

function fail(text: string): never {
  check(false, text);
  process.exit(1);
}
