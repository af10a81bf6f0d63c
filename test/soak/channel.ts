/**
 * Soak: memory and handles of a server of channels
 *
 * Run: npm run test:soak
 *
 * Opens a thousand idle channels, then runs ten thousand sessions. Afterwards the server, in its
 * own process, may have no more memory than after one thousand, and no socket and no channel left.
 * Prints figures; exits with 1 if they are wrong.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { encodeUtf8 } from "../../lib/bytes/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { ChannelServer } from "../../lib/channel/channel-server.ts";
import { lookUp, preSharedKey } from "../support/channels.ts";

const HOST = "127.0.0.1";
const IDLE = 1000;
const SESSIONS = 10_000;
const AT_ONCE = 20;
const MIB = 1024 * 1024;
/** Bytes that an idle channel may cost the server. */
const IDLE_LIMIT = 64 * 1024;
/** Bytes by which the server may grow between a tenth of the sessions and all of them. */
const NOISE = 12 * MIB;

interface Figures {
  memory: number;
  channels: number;
  sockets: number;
}

if (process.argv[2] === "server") await serve();
else await soak();

/** The server process: echoes messages, and answers requests for its figures. */
async function serve(): Promise<void> {
  const server = await ChannelServer.listen(
    { host: HOST, port: 0 },
    {
      ...lookUp,
      maxChannels: 2 * IDLE,
      maxChannelsPerAddress: 2 * IDLE,
      maxChannelsPerKey: 2 * IDLE,
      serve: async (channel) => {
        for await (const message of channel) await channel.send(message);
      },
    },
  );
  process.on("message", () => {
    globalThis.gc?.();
    globalThis.gc?.();
    const sockets = process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    process.send?.({ memory: process.memoryUsage().rss, channels: server.channels.size, sockets });
  });
  process.send?.({ port: server.port });
}

async function soak(): Promise<void> {
  const execArgv = [...process.execArgv, "--expose-gc"];
  const server = fork(fileURLToPath(import.meta.url), ["server"], { execArgv });
  const [{ port }] = await once(server, "message");
  let failed = false;
  const check = (fine: boolean, text: string) => {
    console.log(`${fine ? "ok  " : "FAIL"}  ${text}`);
    if (!fine) failed = true;
  };

  await sessions(port, 100);
  const before = await settle(server);
  const idle: Channel[] = [];
  while (idle.length < IDLE) {
    const some = Array.from({ length: AT_ONCE }, () =>
      connectChannel({ host: HOST, port }, { preSharedKey }),
    );
    idle.push(...(await Promise.all(some)));
  }
  const full = await ask(server);
  const each = (full.memory - before.memory) / IDLE;
  check(full.channels === IDLE, `${full.channels} of ${IDLE} idle channels are open`);
  check(each < IDLE_LIMIT, `${(each / 1024).toFixed(1)} KiB each, at most ${IDLE_LIMIT / 1024}`);
  await Promise.all(idle.map((channel) => channel.close()));

  await sessions(port, SESSIONS / 10);
  const early = await settle(server);
  await sessions(port, SESSIONS - SESSIONS / 10);
  const late = await settle(server);
  const growth = late.memory - early.memory;
  const memory = [early, late].map((figures) => (figures.memory / MIB).toFixed(1));
  check(
    growth < NOISE,
    `${memory[0]} MiB after ${SESSIONS / 10} sessions, ${memory[1]} MiB after ${SESSIONS}, at most ${NOISE / MIB} more`,
  );
  check(late.channels === 0, `${late.channels} channels are left`);
  check(late.sockets === 0, `${late.sockets} sockets are left`);
  server.kill();
  process.exitCode = failed ? 1 : 0;
}

/** Runs `count` sessions, each with one message there and back. */
async function sessions(port: number, count: number): Promise<void> {
  const message = encodeUtf8("a message");
  let left = count;
  const line = async () => {
    while (left > 0) {
      left -= 1;
      const channel = await connectChannel({ host: HOST, port }, { preSharedKey });
      await channel.send(message);
      await channel.receive();
      await channel.close();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
}

async function ask(server: ChildProcess): Promise<Figures> {
  server.send("figures");
  return (await once(server, "message"))[0];
}

/** Returns the server's figures once its last sockets are gone. */
async function settle(server: ChildProcess): Promise<Figures> {
  let figures = await ask(server);
  for (let tries = 0; tries < 50 && figures.sockets > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    figures = await ask(server);
  }
  return figures;
}
