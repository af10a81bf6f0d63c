/** Finds the server and the client among the sources. */
import { basename, dirname } from "node:path";
import { importsOf, type Source } from "./sources.ts";

/** A program that can be started, with what it imports. */
export interface Entry {
  source: Source;
  imports: Source[];
}

/** A server and a client that may belong together; one program may be both. */
export interface Pair {
  server: Entry;
  client: Entry;
  score: number;
}

const SERVER_NAME = /serv|srv|host|listen|receiv|reciev|bob/i;
const CLIENT_NAME = /client|cliente|clnt|send|alice|user/i;
const CRYPTOGRAPHY =
  /\b(?:Crypto|Cryptodome|cryptography|rsa|RSA|AES|Fernet|nacl|openssl|javax\.crypto|createCipheriv|encrypt\w*|decrypt\w*)\b/;
const NETWORK = /socket|asyncio|twisted|zmq|listener/i;
const UDP = /\bSOCK_DGRAM\b|\bDatagramSocket\b|\bdgram\b|\bListenUDP\b|\bUdpClient\b/;
/** The fewest points that a pair of programs has. */
const MIN_SCORE = 4;

/** Returns the pairs that are worth a trial, the likeliest first. */
export function findPairs(sources: readonly Source[]): Pair[] {
  const entries = entriesOf(sources);
  const servers = entries.map((entry) => ({ entry, score: serverScore(entry) })).filter(isLikely);
  const clients = entries.map((entry) => ({ entry, score: clientScore(entry) })).filter(isLikely);
  const pairs = servers.flatMap((server) =>
    clients.map((client) => ({
      server: server.entry,
      client: client.entry,
      score: server.score + client.score + affinity(server.entry, client.entry),
    })),
  );
  return pairs.filter(({ score }) => score >= MIN_SCORE).toSorted((a, b) => b.score - a.score);
}

/** Returns the programs that wait for connections, the likeliest first. */
export function findServers(sources: readonly Source[]): Entry[] {
  return entriesOf(sources)
    .map((entry) => ({ entry, score: serverScore(entry) }))
    .filter(isLikely)
    .toSorted((a, b) => b.score - a.score)
    .map(({ entry }) => entry);
}

/** Returns all sources that a program consists of. */
export function sourcesOf({ source, imports }: Entry): Source[] {
  return [source, ...imports];
}

export function usesUdp(entry: Entry): boolean {
  return sourcesOf(entry).some(({ code }) => UDP.test(code));
}

export function encrypts(entry: Entry): boolean {
  return sourcesOf(entry).some(({ code }) => CRYPTOGRAPHY.test(code));
}

function entriesOf(sources: readonly Source[]): Entry[] {
  return sources
    .filter(({ language, code }) => language.entry?.test(code) ?? true)
    .map((source) => ({ source, imports: importsOf(source, sources) }));
}

function isLikely({ score }: { score: number }): boolean {
  return score > 0;
}

function serverScore(entry: Entry): number {
  const { own, imported } = evidence(entry, "listens");
  if (own + imported === 0) return 0;
  const name = basename(entry.source.path);
  const named = (SERVER_NAME.test(name) ? 2 : 0) - (CLIENT_NAME.test(name) ? 2 : 0);
  return own + imported + named;
}

function clientScore(entry: Entry): number {
  const { own, imported } = evidence(entry, "connects");
  if (own + imported === 0) return 0;
  const name = basename(entry.source.path);
  const listens = evidence(entry, "listens").own > 0 ? 1 : 0;
  return own + imported - listens + (CLIENT_NAME.test(name) ? 2 : 0) - (SERVER_NAME.test(name) ? 2 : 0);
}

function evidence({ source, imports }: Entry, field: "listens" | "connects") {
  const shows = ({ language, code }: Source) => NETWORK.test(code) || language.name !== "Python";
  const does = (each: Source) => shows(each) && each.language[field].test(each.code);
  return { own: does(source) ? 3 : 0, imported: imports.some(does) ? 2 : 0 };
}

/** Programs that belong together lie together, and have names that differ in one word. */
function affinity(server: Entry, client: Entry): number {
  const isSame = server.source === client.source;
  const sameFolder = dirname(server.source.path) === dirname(client.source.path) ? 2 : 0;
  const sameLanguage = server.source.language === client.source.language ? 1 : -2;
  const stem = (entry: Entry, word: RegExp) => basename(entry.source.path).toLowerCase().replace(word, "");
  const sameStem = stem(server, SERVER_NAME) === stem(client, CLIENT_NAME) ? 1 : 0;
  const encrypted = (encrypts(server) ? 1 : 0) + (encrypts(client) ? 1 : 0);
  const depth = server.source.path.split("/").length / 10;
  return (isSame ? -1 : 0) + sameFolder + sameLanguage + sameStem + encrypted - depth;
}
