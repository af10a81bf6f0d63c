/** Checks that a server of files gives and takes nothing outside its folder, whatever name it is asked for. */
import { Buffer } from "node:buffer";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { type Bytes, encodeUtf8 } from "../../lib/bytes.ts";
import { type Check, Found } from "../harness/check.ts";
import type { Outcome } from "../harness/exchange.ts";
import type { Laid } from "../harness/lab.ts";
import type { Evidence } from "../harness/report.ts";
import { nameOf, placeOf } from "../harness/stored-files.ts";
import type { Trials } from "../harness/trials.ts";
import { sent } from "../harness/turns.ts";
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
    async run(trials) {
      const { server } = placesOf(trials);
      const offers = posix.dirname(placeOf(server.get, "x") ?? "x");
      const stores = posix.dirname(placeOf(server.put, "x") ?? "x");
      const below = depth(offers);
      await Promise.all([
        ...(below === 0
          ? [getSystemFile(trials, up(ROOT)), getSystemFile(trials, "/")]
          : [
              getOutside(trials, (name) => `${up(below)}${name}`),
              getOutside(trials, (name) => absolute(trials, name)),
            ]),
        getByLink(trials),
        // where the folder is the program's own, all that is outside cannot be written anyway
        ...(depth(stores) === 0
          ? []
          : [
              putOutside(trials, (name) => `${up(depth(stores))}${name}`),
              putOutside(trials, (name) => `${up(ROOT)}${absolute(trials, name).slice(1)}`, true),
              putOutside(trials, (name) => absolute(trials, name), true),
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
function absolute({ lab }: Trials, name: string): string {
  return posix.join(WORK, lab.manifest.folder, name);
}

/** Asks for a file beside the folder that is offered, by the name that `naming` makes of it. */
async function getOutside(trials: Trials, naming: (name: string) => string): Promise<void> {
  const name = nameOf(trials.text(`outside, ${naming("")}`));
  const asked = naming(name);
  await get(trials, asked, [{ path: name, content: canary(trials, name) }], canary(trials, name));
}

/** Asks for a link in the folder, which leads to a file outside. */
async function getByLink(trials: Trials): Promise<void> {
  const { server } = placesOf(trials);
  const link = nameOf(trials.text("a link"));
  const path = placeOf(server.get, link);
  if (path === undefined) return;
  const folder = posix.dirname(path);
  if (folder === ".") {
    await get(trials, link, [{ path, target: SYSTEM_FILE }], encodeUtf8(SYSTEM_LINE));
    return;
  }
  const name = nameOf(trials.text("what the link leads to"));
  const content = canary(trials, name);
  await get(
    trials,
    link,
    [
      { path: name, content },
      { path, target: `${up(depth(folder))}${name}` },
    ],
    content,
  );
}

async function getSystemFile(trials: Trials, prefix: string): Promise<void> {
  await get(trials, `${prefix}${SYSTEM_FILE.slice(1)}`, [], encodeUtf8(SYSTEM_LINE));
}

function canary({ lab }: Trials, name: string): Bytes {
  return lab.random(`canary ${name}`, CANARY);
}

/** Has the client ask for `asked`; nothing of `secret` may come. */
async function get(trials: Trials, asked: string, lay: Laid[], secret: Bytes): Promise<void> {
  const outcome = await trials.run({
    title: `get ${shown(asked)}`,
    keep: true,
    patient: true,
    lay,
    transfer: { get: asked },
  });
  const needle = Buffer.from(secret.subarray(0, TELLING));
  const file = findFile(trials, outcome, needle);
  const printed = Buffer.from(outcome.printed.client).includes(needle);
  const length = sent(outcome.turns, "server to client").length;
  const plain = sent((await trials.plain()).first.turns, "server to client").length;
  const isLong = secret.length === CANARY && length - plain > CANARY * 0.9;
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
    lay.some((laid) => "target" in laid) ? "The server's folder had a symbolic link to it." : undefined,
  );
}

/** Has the client put a file under a name that leads out of the server's folder; `whole`: from the root. */
async function putOutside(trials: Trials, naming: (name: string) => string, whole = false): Promise<void> {
  const own = nameOf(trials.text(`put outside, ${naming("")}`));
  const asked = naming(own);
  const put = { name: asked, content: canary(trials, own), ...(whole && { at: own }) };
  const outcome = await trials.run({
    title: `put ${shown(asked)}`,
    keep: true,
    patient: true,
    transfer: { put },
  });
  if (!leftBehind(trials, outcome, "server", own)) return;
  throw found(
    outcome,
    `the client put a file under the name ${asked}, and the server stored it outside its folder, as ${own}`,
  );
}

function shown(name: string): string {
  return name.replaceAll(/[a-z0-5]{18}/g, "NAME");
}

/** The path of a file with these bytes in the client's folder, that had not been there before. */
function findFile({ lab }: Trials, { stage }: Outcome, needle: Buffer): string | undefined {
  const folder = stage.folderOf("client");
  if (folder === undefined) return undefined;
  const has = (path: string) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && stat.size <= MAX_FILE && readFileSync(path).includes(needle);
  };
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .slice(0, MAX_FILES)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .find((path) => has(join(folder, path)) && !has(join(lab.source, path)));
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
