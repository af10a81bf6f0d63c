/** A file server reads and writes nothing outside its folder, whatever name it is given. */
import { Buffer } from "node:buffer";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { evidenceOf } from "../exchange/evidence.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Evidence } from "../model/report.ts";
import type { PlacedFile } from "../model/session.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor, pathFor } from "../run/stored-file-names.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { filePlaces, leftBehind } from "./shared/transfers.ts";

/** Bytes of the file outside the folder; no refusal is that long. */
const CANARY = 50_000;
/** The share of the canary that counts as the canary, in a reply that cannot be read. */
const MOST = 0.9;
/** Bytes of a file that are searched for. */
const TELLING = 32;
const MAX_FILES = 20_000;
const MAX_FILE = 1 << 20;
/** More folders upwards than any path has: this leads to the root from everywhere. */
const ROOT = 8;
/** The task's folder in a box. */
const WORK = "/work";
/** A file that every box has, and no submission. */
const SYSTEM_FILE = "/etc/passwd";
const SYSTEM_LINE = "root:x:0:0:";

export function jail(points: number): Check {
  return {
    id: "jail",
    title: "Nothing outside the folder that is served is read or written",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { server } = filePlaces(exchanges);
      const offers = depth(posix.dirname(pathFor(server.get, "x") ?? "x"));
      const stores = depth(posix.dirname(pathFor(server.put, "x") ?? "x"));
      const paths = await Promise.all([
        ...(offers === 0
          ? [getSystemFile(exchanges, up(ROOT)), getSystemFile(exchanges, "/")]
          : [
              getOutside(exchanges, (name) => `${up(offers)}${name}`),
              getOutside(exchanges, (name) => absolute(exchanges, name)),
            ]),
        getByLink(exchanges),
        // if the server stores files in the task's own folder, it cannot write outside that anyway
        ...(stores === 0
          ? []
          : [
              putOutside(exchanges, (name) => `${up(stores)}${name}`),
              putOutside(exchanges, (name) => `${up(ROOT)}${absolute(exchanges, name).slice(1)}`, true),
              putOutside(exchanges, (name) => absolute(exchanges, name), true),
            ]),
      ]);
      return attempts("forbidden path", "refused", paths.length);
    },
  };
}

function up(levels: number): string {
  return "../".repeat(levels);
}

/** The number of folders in a path. */
function depth(folder: string): number {
  return folder === "." ? 0 : folder.split("/").length;
}

/** The path in a box of a file in the task's folder. */
function absolute({ prepared }: SharedExchanges, name: string): string {
  return posix.join(WORK, prepared.manifest.folder, name);
}

function canary({ prepared }: SharedExchanges, name: string): Bytes {
  return prepared.random(`canary ${name}`, CANARY);
}

/** Asks for a file beside the folder, by the path that `pathTo` makes of its name. */
async function getOutside(exchanges: SharedExchanges, pathTo: (name: string) => string): Promise<void> {
  const name = fileNameFor(exchanges.text(`outside, ${pathTo("")}`));
  const content = canary(exchanges, name);
  await get(exchanges, { path: pathTo(name), serverFiles: [{ path: name, content }], secret: content });
}

/** Asks for a symbolic link in the folder that leads to a file outside. */
async function getByLink(exchanges: SharedExchanges): Promise<void> {
  const { server } = filePlaces(exchanges);
  const link = fileNameFor(exchanges.text("a link"));
  const path = pathFor(server.get, link);
  if (path === undefined) return;
  const folder = posix.dirname(path);
  if (folder === ".") {
    const secret = encodeUtf8(SYSTEM_LINE);
    return get(exchanges, { path: link, serverFiles: [{ path, target: SYSTEM_FILE }], secret });
  }
  const name = fileNameFor(exchanges.text("what the link leads to"));
  const content = canary(exchanges, name);
  const target = `${up(depth(folder))}${name}`;
  const serverFiles = [
    { path: name, content },
    { path, target },
  ];
  return get(exchanges, { path: link, serverFiles, secret: content });
}

async function getSystemFile(exchanges: SharedExchanges, prefix: string): Promise<void> {
  const path = `${prefix}${SYSTEM_FILE.slice(1)}`;
  await get(exchanges, { path, serverFiles: [], secret: encodeUtf8(SYSTEM_LINE) });
}

/** Lets the client ask for `path`. @throws Found when it receives the beginning of `secret` */
async function get(
  exchanges: SharedExchanges,
  { path, serverFiles, secret }: { path: string; serverFiles: PlacedFile[]; secret: Bytes },
): Promise<void> {
  const outcome = await exchanges.runInNewSession({
    title: `get ${withoutName(path)}`,
    keepFolders: true,
    patient: true,
    serverFiles,
    transfer: { get: path },
  });
  const { first } = await exchanges.baseline();
  const how = howReceived(exchanges, { outcome, first, secret });
  if (how === undefined) return;
  throw found(
    outcome,
    `the client asked for ${path}, which is outside, and ${how}`,
    serverFiles.some((file) => "target" in file)
      ? "The server's folder contained a symbolic link to that file."
      : undefined,
  );
}

/** Says how the client received the file, or undefined if it did not. */
function howReceived(
  exchanges: SharedExchanges,
  { outcome, first, secret }: { outcome: Outcome; first: Outcome; secret: Bytes },
): string | undefined {
  const needle = Buffer.from(secret.subarray(0, TELLING));
  const file = newFileWith(exchanges, outcome, needle);
  if (file !== undefined) return `received it, as ${file}`;
  if (Buffer.from(outcome.printed.client).includes(needle)) return "printed it";
  const [length, usual] = [outcome, first].map(({ turns }) => bytesSent(turns, "server to client").length);
  if (length === undefined || usual === undefined) return undefined;
  if (secret.length !== CANARY || length - usual <= CANARY * MOST) return undefined;
  return `the server sent ${length.toLocaleString("en")} bytes: more than in a plain exchange by the length of that file`;
}

/**
 * Lets the client put a file under a path that leads out of the server's folder.
 *
 * @param fromRoot the path begins at the root, so the client's own file is elsewhere
 */
async function putOutside(
  exchanges: SharedExchanges,
  pathTo: (name: string) => string,
  fromRoot = false,
): Promise<void> {
  const own = fileNameFor(exchanges.text(`put outside, ${pathTo("")}`));
  const path = pathTo(own);
  const put = { name: path, content: canary(exchanges, own), ...(fromRoot && { at: own }) };
  const outcome = await exchanges.runInNewSession({
    title: `put ${withoutName(path)}`,
    keepFolders: true,
    patient: true,
    transfer: { put },
  });
  if (!leftBehind(exchanges, outcome, "server", own)) return;
  throw found(
    outcome,
    `the client put a file under the name ${path}, and the server stored it outside its folder, as ${own}`,
  );
}

/** A path with NAME instead of the random name of its file. */
function withoutName(path: string): string {
  return path.replaceAll(/[a-z0-5]{18}/g, "NAME");
}

/** Returns the path of a file with these bytes that the client did not have before. */
function newFileWith({ prepared }: SharedExchanges, { session }: Outcome, bytes: Buffer): string | undefined {
  const folder = session.folderOf("client");
  if (folder === undefined) return undefined;
  const has = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size <= MAX_FILE && readFileSync(path).includes(bytes);
  };
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .slice(0, MAX_FILES)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .find((path) => has(join(folder, path)) && !has(join(prepared.source, path)));
}

function found(outcome: Outcome, happened: string, remark?: string): Found {
  const more: Evidence[] = remark === undefined ? [] : [{ caption: "How it was tried", quote: remark }];
  return new Found({
    expected: "a client can name, read and write only what is in the server's folder",
    happened,
    why: "A server that opens any name that it is given serves the whole machine: its private keys, its passwords, its program.",
    hint: "Resolve the name (realpath), and refuse it unless it lies within the folder. Or refuse names with a slash, names that begin with a dot, and links.",
    evidence: [...evidenceOf(outcome), ...more],
  });
}
