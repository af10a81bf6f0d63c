/** The servers of exercises 01 to 04 as processes, and an honest client of each in this process. */
import { writeFileSync } from "node:fs";
import { deriveTicketKey, receiveOffer } from "../../exercises/04-port-switching/ticket.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { connectChannel } from "../../lib/channel/channel-client.ts";
import { receiveText, sendText } from "../../lib/channel/conversation.ts";
import { findFreePorts } from "./free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "./key-folder.ts";
import { loadKeys } from "./keys.ts";
import { Program, TSX } from "./launch.ts";
import { exchange } from "./persisted-keys.ts";

const HOST = "127.0.0.1";
const TIMEOUT = 5;

/** Runs an honest client against the server on `port`; returns the server's text, "pong". */
export type Talk = (port: number) => Promise<string>;

export interface Exercise {
  /** The flags of the server besides the common ones. */
  flags: (keys: KeyFolder) => Promise<string[]>;
  talk: Talk;
}

export const EXERCISES: Record<string, Exercise> = {
  "01-persisted-keys": { flags: async () => [], talk: exchangeOnce },
  "02-refactor": { flags: async () => [], talk: converse },
  "03-allow-list": { flags: allowAlice, talk: converse },
  "04-port-switching": { flags: choosePool, talk: switchAndConverse },
};

/** The identity of the honest client. */
export const alice = await loadKeys("rsa-2048-b");

/** Starts the server of the exercise `name`, lets `use` at it, and stops it. */
export async function withExercise(
  name: string,
  {
    tsx = TSX,
    flags = [],
    env = {},
  }: { tsx?: readonly string[]; flags?: string[]; env?: Record<string, string> },
  use: (server: Program, port: number, talk: Talk) => Promise<void>,
): Promise<void> {
  const exercise = EXERCISES[name];
  if (!exercise) throw new RangeError(`no exercise is called ${name}`);
  const keys = await makeKeyFolder({ server: "rsa-2048-a", alice: "rsa-2048-b" });
  const all = ["--port", "0", "--keys", keys.path, ...flags, ...(await exercise.flags(keys))];
  const server = new Program([...tsx, `exercises/${name}/server.ts`, "pong", ...all], { env });
  try {
    await use(server, await server.port(), exercise.talk);
  } catch (error) {
    console.log(server.stderr.slice(-10_000));
    throw error;
  } finally {
    await server.stop();
    await keys.remove();
  }
}

async function exchangeOnce(port: number): Promise<string> {
  return exchange(port, { identity: alice, name: "alice" });
}

async function converse(port: number): Promise<string> {
  return talkOver(await connectChannel({ host: HOST, port }, { identity: alice }));
}

async function switchAndConverse(port: number): Promise<string> {
  const main = await connectChannel({ host: HOST, port }, { identity: alice });
  const offer = await receiveOffer(main, TIMEOUT).finally(() => main.end().catch(() => {}));
  const key = deriveTicketKey(main, offer.ticket);
  await main.close();
  return talkOver(
    await connectChannel({ host: HOST, port: offer.port }, { preSharedKey: { id: offer.ticket, key } }),
  );
}

async function talkOver(channel: Channel): Promise<string> {
  try {
    await sendText(channel, "ping", TIMEOUT);
    const answer = await receiveText(channel, TIMEOUT);
    await channel.close();
    return answer ?? "";
  } catch (error) {
    channel.destroy("given up");
    throw error;
  }
}

async function allowAlice(keys: KeyFolder): Promise<string[]> {
  const file = keys.file("allowed.csv");
  writeFileSync(file, `name,fingerprint,comment\nalice,${keys.fingerprint("alice")},\n`);
  return ["--allowed", file];
}

async function choosePool(): Promise<string[]> {
  const first = await findFreePorts(10);
  return ["--pool", `${first}-${first + 9}`, "--claim", "1"];
}
