/** Checks that files arrive: any bytes, none at all, many; and that the server says which there are. */
import { Buffer } from "node:buffer";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { concat } from "../../../lib/bytes/bytes.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor, pathFor } from "../run/stored-file-names.ts";
import type { Check } from "./check.ts";
import { evidenceOf } from "./works.ts";

/** Bytes of the large file. */
const LARGE = 1 << 20;
const LIST = "list";

/** Where the files of this task lie. */
export function placesOf({ prepared }: SharedExchanges): NonNullable<TaskManifest["files"]> {
  return prepared.manifest.files ?? notShown("the manifest does not say where the files are");
}

/** The content of a file as a program has left it; undefined where there is none. Its stage has kept its folders. */
export function leftBehind(
  exchanges: SharedExchanges,
  { session }: Outcome,
  side: "server" | "client",
  path: string | undefined,
): Bytes | undefined {
  const folder = session.folderOf(side);
  if (folder === undefined || path === undefined) return undefined;
  const file = join(folder, exchanges.prepared.manifest.folder, path);
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  return new Uint8Array(readFileSync(file));
}

/** Files of any content arrive byte for byte. */
export function contents(points: number): Check {
  return {
    id: "contents",
    title: "Files of any bytes, of none and of a million arrive as they are",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const all = Uint8Array.from({ length: 256 }, (_, value) => value);
      const lineEnds = Buffer.from("one\r\ntwo\nthree\rfour\r\n\r\n\0\x1a\xff\xfe\n", "latin1");
      const files: Record<string, (purpose: string) => Bytes> = {
        "every byte there is, and all line ends": (purpose) =>
          concat([all, new Uint8Array(lineEnds), exchanges.prepared.random(purpose, 300)]),
        "no bytes at all": () => new Uint8Array(0),
        "a million bytes": (purpose) => exchanges.prepared.random(purpose, LARGE),
      };
      await Promise.all(
        Object.entries(files).map(async ([what, make]) => {
          const carried = { put: make(`${what}, put`), get: make(`${what}, got`) };
          // once may be chance, such as a machine that is busy
          if (differs(carried, await carry(exchanges, `a file of ${what}`, carried)) === undefined) return;
          const again = await carry(exchanges, `a file of ${what}, again`, carried);
          const how = differs(carried, again);
          if (how === undefined) return;
          throw new Found({
            expected: `a file of ${what} arrives as it is, both ways`,
            happened: how,
            why: "Whoever stores a file wants those bytes back: a picture has no lines, and a log may be empty.",
            hint: "Open files in binary mode, encode nothing, say the length or the end, and count what has come; a length of 0 is one too.",
            evidence: evidenceOf(again.outcome),
          });
        }),
      );
    },
  };
}

interface Carried {
  outcome: Outcome;
  put: Bytes | undefined;
  get: Bytes | undefined;
}

/** Has a client carry a file each way, and returns what arrived. */
async function carry(
  exchanges: SharedExchanges,
  title: string,
  { put, get }: { put: Bytes; get: Bytes },
): Promise<Carried> {
  const { server, client } = placesOf(exchanges);
  const names = { put: fileNameFor(`${title}, put`), get: fileNameFor(`${title}, get`) };
  const offered = pathFor(server.get, names.get);
  const outcome = await exchanges.run({
    title,
    keep: true,
    patient: true,
    serverFiles: offered === undefined ? [] : [{ path: offered, content: get }],
    transfer: { put: { name: names.put, content: put }, get: names.get },
  });
  return {
    outcome,
    put: leftBehind(exchanges, outcome, "server", pathFor(server.put, names.put)),
    get: leftBehind(exchanges, outcome, "client", pathFor(client.get, names.get)),
  };
}

/** Says how what arrived is not what was sent. */
function differs(sent: { put: Bytes; get: Bytes }, arrived: Carried): string | undefined {
  const patterns = [
    { was: "put", where: "the server's folder", sent: sent.put, arrived: arrived.put },
    { was: "got", where: "the client's folder", sent: sent.get, arrived: arrived.get },
  ];
  for (const way of patterns) {
    const length = `the file of ${way.sent.length.toLocaleString("en")} bytes that was ${way.was}`;
    if (!way.arrived) return `${length} is not in ${way.where}`;
    const { arrived: came } = way;
    if (came.length !== way.sent.length)
      return `${length} has ${came.length.toLocaleString("en")} bytes in ${way.where}`;
    const at = way.sent.findIndex((byte, index) => byte !== came[index]);
    if (at >= 0)
      return `${length} differs from byte ${at} on in ${way.where}: ${came[at]} for ${way.sent[at]}`;
  }
  return undefined;
}

/** What `list` said, for all who look at it: the names that the server offered, and the exchange. */
const lists = new WeakMap<SharedExchanges, Promise<{ names: string[]; outcome: Outcome }>>();

/** An exchange in which the client lists what there is; undefined where the manifest does not say how. */
export function listed(
  exchanges: SharedExchanges,
): Promise<{ names: string[]; outcome: Outcome }> | undefined {
  if (exchanges.prepared.manifest.programs[LIST] === undefined) return undefined;
  const known = lists.get(exchanges) ?? list(exchanges);
  lists.set(exchanges, known);
  return known;
}

async function list(exchanges: SharedExchanges): Promise<{ names: string[]; outcome: Outcome }> {
  const { server } = placesOf(exchanges);
  const more = [1, 2].map((number) => fileNameFor(exchanges.text(`one of a list, ${number}`)));
  const serverFiles = more.flatMap((name) => {
    const path = pathFor(server.get, name);
    return path === undefined ? [] : [{ path, content: exchanges.prepared.random(name, 60) }];
  });
  const outcome = await exchanges.run({ title: "a list", client: LIST, serverFiles, patient: true });
  return { names: [...more, fileNameFor(outcome.reply)], outcome };
}

/** The client can be told which files there are. */
export function listing(points: number): Check {
  return {
    id: "list",
    title: "The client lists the files that the server offers",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const result =
        (await listed(exchanges)) ?? notShown(`the manifest has no program "${LIST}", which says how`);
      const { names, outcome } = result;
      const missing = names.filter((name) => !outcome.printed.client.includes(name));
      if (missing.length === 0) return;
      throw new Found({
        expected: `the client prints the names of the ${names.length} files that were put into the server's folder`,
        happened: `it did not print ${missing.join(", ")}`,
        why: "Who does not know which files there are cannot ask for one.",
        hint: "Send the names over the same encrypted channel as the files, one a line, and print them as they are.",
        evidence: evidenceOf(outcome),
      });
    },
  };
}
