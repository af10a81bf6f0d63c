/**
 * Benchmark: exercise 06's server: logins, confirmed messages, and messages during a flood of
 * logins
 *
 * Run: npm run bench -- login [logins|messages|flood]
 *
 * The server runs in its own process, with its journal in the current folder of temporary files;
 * the clients share this process. Logins are compared with the bare cost of PBKDF2, computed here
 * by as many at a time; messages with bare fdatasyncs of as many bytes, in the same folder. A bare
 * run comes before and after each measurement, so that a busy disk slows both.
 */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { connectAs } from "../../exercises/06-login/connect.ts";
import { Outbox } from "../../exercises/06-login/outbox.ts";
import { deriveKeys, makeCredential } from "../../exercises/06-login/scram.ts";
import { userListFile } from "../../exercises/06-login/user-list.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { COST } from "../../lib/passwords/password.ts";
import { loadIdentity } from "../support/identities.ts";
import type { Program } from "../support/launch.ts";
import { type LoginHouse, makeUsers, PASSWORD, withHouse } from "../support/login-server.ts";

const HOST = "127.0.0.1";
const TIMEOUT = 60;
const AT_ONCE = 2;
const LOGINS = 24;
const LOGINS_AT_ONCE = 20;
/** Messages of all clients together, for each number of clients. */
const MESSAGES: Record<number, number> = { 1: 1000, 50: 20_000, 500: 50_000 };
const LINE_LENGTH = 250;
const SYNCS = 500;
const PROBES = 300;
const FLOOD = 16;
const FLAGS = ["--clients-per-address", "2000", "--clients-per-user", "2000", "--clients", "2000"];

const chosen = process.argv.slice(2);
const identity = await loadIdentity("b");
const isChosen = (name: string) => chosen.length === 0 || chosen.includes(name);

await withHouse(async (house) => {
  if (isChosen("logins")) await measureLogins(house);
  await serve(house);
  if (isChosen("messages")) for (const clients of [1, 50, 500]) await measureMessages(house, clients);
  if (isChosen("flood")) await measureFlood(house);
});

function serve(house: LoginHouse): Promise<Program> {
  return house.serve(...FLAGS, "--rate", "99999");
}

async function measureLogins(house: LoginHouse): Promise<void> {
  const parameters = { salt: randomBytes(16), iterations: COST };
  const users = await makeUsers({ alice: "operator" });
  const credential = await makeCredential(PASSWORD, parameters);
  await userListFile(house.users).edit(() => users.map((user) => ({ ...user, credential })));
  const server = await serve(house);
  const bare = () => rateOf(LOGINS, () => deriveKeys(PASSWORD, parameters));
  const before = await bare();
  const logins = await rateOf(LOGINS, async () => {
    const channel = await logIn(house);
    await channel.close();
  });
  const after = await bare();
  const most = (before + after) / 2;
  print(
    `logins, ${AT_ONCE} at once, ${COST} iterations`,
    `${logins.toFixed(2)}/s`,
    `${most.toFixed(2)}/s`,
    logins / most,
  );
  await server.stop();
  await userListFile(house.users).edit(() => users);
}

async function measureMessages(house: LoginHouse, clients: number): Promise<void> {
  const each = Math.floor((MESSAGES[clients] ?? 0) / clients);
  const channels: Channel[] = [];
  // an address has a limited number of unfinished logins
  while (channels.length < clients) {
    const group = Math.min(LOGINS_AT_ONCE, clients - channels.length);
    channels.push(...(await Promise.all(Array.from({ length: group }, () => logIn(house)))));
  }
  const before = await bareSyncs(house.folder);
  const start = performance.now();
  await Promise.all(channels.map((channel) => sendAll(channel, each)));
  const rate = (each * clients) / ((performance.now() - start) / 1000);
  const bare = (before + (await bareSyncs(house.folder))) / 2;
  print(`messages, ${clients} clients`, `${rate.toFixed(0)}/s`, `${bare.toFixed(0)} syncs/s`, rate / bare);
}

async function measureFlood(house: LoginHouse): Promise<void> {
  const channel = await logIn(house);
  const quiet = await percentile(channel);
  let isOver = false;
  const stranger: Identity = await loadIdentity("a");
  const flood = async () => {
    while (!isOver)
      await connectAs({ ...account("mallory", "wrong password"), identity: stranger }, address(house)).catch(
        () => {},
      );
  };
  // they end with the server
  for (let index = 0; index < FLOOD; index += 1) flood().catch(() => {});
  const flooded = await percentile(await logIn(house));
  isOver = true;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  print(`99th percentile, ${FLOOD} logins at once`, ms(flooded), ms(quiet), flooded / quiet);
}

/** Sends one message after the other; returns the 99th percentile of the times to confirm one. */
async function percentile(channel: Channel): Promise<number> {
  const times: number[] = [];
  let sentAt = 0;
  let next: () => void = () => {};
  async function* texts(): AsyncGenerator<string> {
    for (let index = 0; index < PROBES; index += 1) {
      sentAt = performance.now();
      yield "x".repeat(30);
      await new Promise<void>((resolve) => {
        next = resolve;
      });
    }
  }
  const confirmed = () => {
    times.push(performance.now() - sentAt);
    // after the outbox has asked for the next text
    setImmediate(() => next());
  };
  await deliver(channel, texts(), confirmed);
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

async function sendAll(channel: Channel, count: number): Promise<void> {
  async function* texts(): AsyncGenerator<string> {
    for (let index = 0; index < count; index += 1) yield "x".repeat(30);
  }
  await deliver(channel, texts(), () => {});
}

async function deliver(channel: Channel, texts: AsyncIterable<string>, confirmed: () => void): Promise<void> {
  const report = (text: string) => console.error(text);
  await new Outbox(texts, { connect: async () => channel, timeout: TIMEOUT, confirmed, report }).deliver();
}

function logIn(house: LoginHouse): Promise<Channel> {
  return connectAs(account("alice", PASSWORD), address(house));
}

function account(user: string, password: string) {
  return { user, password, identity, verifyServer: async () => {} };
}

function address(house: LoginHouse) {
  return { host: HOST, port: Number(house.port), timeout: TIMEOUT };
}

/** Returns how often in a second bytes can be written and be safe on disk, one after the other. */
async function bareSyncs(folder: string): Promise<number> {
  const file = join(folder, "bare");
  const handle = await open(file, "w");
  const line = new Uint8Array(LINE_LENGTH).fill(0x78);
  const start = performance.now();
  for (let index = 0; index < SYNCS; index += 1) {
    await handle.write(line, 0, LINE_LENGTH, index * LINE_LENGTH);
    await handle.datasync();
  }
  const rate = SYNCS / ((performance.now() - start) / 1000);
  await handle.close();
  await rm(file);
  return rate;
}

/** Runs `work` `count` times, `AT_ONCE` at a time; returns how often in a second. */
async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  let left = count;
  const start = performance.now();
  const line = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  return count / ((performance.now() - start) / 1000);
}

function print(what: string, ours: string, bare: string, ratio: number): void {
  console.log(`${what.padEnd(45)} ${ours.padStart(12)} ${bare.padStart(14)} ${ratio.toFixed(2).padStart(7)}`);
}
