/** Checks that a server of files gives and takes nothing outside its folder, whatever name it is asked for. */
import { Buffer } from "node:buffer";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Evidence } from "../model/report.ts";
import type { PlacedFile } from "../model/session.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor, pathFor } from "../run/stored-file-names.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { leftBehind, placesOf } from "./files.ts";
import { evidenceOf } from "./works.ts";

/** Bytes of a file that nobody may have; no refusal has as many. */
const CANARY = 50_000;
/** Bytes of it that are looked for. */
const TELLING = 32;
const MAX_FILES = 20_000;
const MAX_FILE = 1 << 20;
/** More folders upwards than any path has: from wherever it is taken, it leads to the root. */
const ROOT = 8;
/** Where a task's folder is in a box. */
const WORK = "/work";
/** A file that every box has, and that is in no submission. */
const SYSTEM_FILE = "/etc/passwd";
const SYSTEM_LINE = "root:x:0:0:";

const WHY =
  "A server that opens whatever name it is given serves the whole machine: its private keys, its passwords, its program.";
const HINT =
  "Resolve the name (realpath) and refuse it unless it lies within the folder; or take no name with a slash, none that begins with a dot, and no link.";

/** Nothing outside the folder is read or written. */
export function jail(points: number): Check {
  return {
    id: "jail",
    title: "Nothing outside the folder that is served is read or written",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { server } = placesOf(exchanges);
      const offers = posix.dirname(pathFor(server.get, "x") ?? "x");
      const stores = posix.dirname(pathFor(server.put, "x") ?? "x");
      const below = depth(offers);
      await Promise.all([
        ...(below === 0
          ? [getSystemFile(exchanges, up(ROOT)), getSystemFile(exchanges, "/")]
          : [
              getOutside(exchanges, (name) => `${up(below)}${name}`),
              getOutside(exchanges, (name) => absolute(exchanges, name)),
            ]),
        getByLink(exchanges),
        // where the folder is the program's own, all that is outside cannot be written anyway
        ...(depth(stores) === 0
          ? []
          : [
              putOutside(exchanges, (name) => `${up(depth(stores))}${name}`),
              putOutside(exchanges, (name) => `${up(ROOT)}${absolute(exchanges, name).slice(1)}`, true),
              putOutside(exchanges, (name) => absolute(exchanges, name), true),
            ]),
      ]);
    },
  };
}

function up(levels: number): string {
  return "../".repeat(levels);
}

/** How many folders a path has. */
function depth(folder: string): number {
  return folder === "." ? 0 : folder.split("/").length;
}

/** The path in a box of a file in the task's folder. */
function absolute({ prepared }: SharedExchanges, name: string): string {
  return posix.join(WORK, prepared.manifest.folder, name);
}

/** Asks for a file beside the folder that is offered, by the name that `naming` makes of it. */
async function getOutside(exchanges: SharedExchanges, naming: (name: string) => string): Promise<void> {
  const name = fileNameFor(exchanges.text(`outside, ${naming("")}`));
  const asked = naming(name);
  await get(exchanges, asked, [{ path: name, content: canary(exchanges, name) }], canary(exchanges, name));
}

/** Asks for a link in the folder, which leads to a file outside. */
async function getByLink(exchanges: SharedExchanges): Promise<void> {
  const { server } = placesOf(exchanges);
  const link = fileNameFor(exchanges.text("a link"));
  const path = pathFor(server.get, link);
  if (path === undefined) return;
  const folder = posix.dirname(path);
  if (folder === ".") {
    await get(exchanges, link, [{ path, target: SYSTEM_FILE }], encodeUtf8(SYSTEM_LINE));
    return;
  }
  const name = fileNameFor(exchanges.text("what the link leads to"));
  const content = canary(exchanges, name);
  await get(
    exchanges,
    link,
    [
      { path: name, content },
      { path, target: `${up(depth(folder))}${name}` },
    ],
    content,
  );
}

async function getSystemFile(exchanges: SharedExchanges, prefix: string): Promise<void> {
  await get(exchanges, `${prefix}${SYSTEM_FILE.slice(1)}`, [], encodeUtf8(SYSTEM_LINE));
}

function canary({ prepared }: SharedExchanges, name: string): Bytes {
  return prepared.random(`canary ${name}`, CANARY);
}

/** Has the client ask for `asked`; nothing of `secret` may come. */
async function get(
  exchanges: SharedExchanges,
  asked: string,
  serverFiles: PlacedFile[],
  secret: Bytes,
): Promise<void> {
  const outcome = await exchanges.run({
    title: `get ${observation(asked)}`,
    keep: true,
    patient: true,
    serverFiles,
    transfer: { get: asked },
  });
  const needle = Buffer.from(secret.subarray(0, TELLING));
  const file = findFile(exchanges, outcome, needle);
  const printed = Buffer.from(outcome.printed.client).includes(needle);
  const length = bytesSent(outcome.turns, "server to client").length;
  const baseline = bytesSent((await exchanges.baseline()).first.turns, "server to client").length;
  const isLong = secret.length === CANARY && length - baseline > CANARY * 0.9;
  if (file === undefined && !printed && !isLong) return;
  const how = file === undefined && !printed ? `the server sent ${length.toLocaleString("en")} bytes` : "";
  throw found(
    outcome,
    `the client asked for ${asked}, which is outside, and ${
      file !== undefined
        ? `got it: it stands in ${file}`
        : printed
          ? "printed it"
          : `${how}, more than in a plain exchange by as many as that file has`
    }`,
    serverFiles.some((laid) => "target" in laid)
      ? "The server's folder had a symbolic link to it."
      : undefined,
  );
}

/** Has the client put a file under a name that leads out of the server's folder; `whole`: from the root. */
async function putOutside(
  exchanges: SharedExchanges,
  naming: (name: string) => string,
  whole = false,
): Promise<void> {
  const own = fileNameFor(exchanges.text(`put outside, ${naming("")}`));
  const asked = naming(own);
  const put = { name: asked, content: canary(exchanges, own), ...(whole && { at: own }) };
  const outcome = await exchanges.run({
    title: `put ${observation(asked)}`,
    keep: true,
    patient: true,
    transfer: { put },
  });
  if (!leftBehind(exchanges, outcome, "server", own)) return;
  throw found(
    outcome,
    `the client put a file under the name ${asked}, and the server stored it outside its folder, as ${own}`,
  );
}

function observation(name: string): string {
  return name.replaceAll(/[a-z0-5]{18}/g, "NAME");
}

/** The path of a file with these bytes in the client's folder, that had not been there before. */
function findFile({ prepared }: SharedExchanges, { session }: Outcome, needle: Buffer): string | undefined {
  const folder = session.folderOf("client");
  if (folder === undefined) return undefined;
  const has = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size <= MAX_FILE && readFileSync(path).includes(needle);
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
    expected: "nothing but what is in the folder can be named, read or written",
    happened,
    why: WHY,
    hint: HINT,
    evidence: [...evidenceOf(outcome), ...more],
  });
}
