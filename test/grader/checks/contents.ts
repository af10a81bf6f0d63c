/** Files of any content arrive byte for byte. */
import { Buffer } from "node:buffer";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import { evidenceOf } from "../exchange/evidence.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import { fileNameFor, pathFor } from "../run/stored-file-names.ts";
import type { Check } from "./check.ts";
import { filePlaces, leftBehind } from "./shared/transfers.ts";

/** Bytes of the large file. */
const LARGE = 1 << 20;
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, value) => value);
const LINE_ENDS = Buffer.from("one\r\ntwo\nthree\rfour\r\n\r\n\0\x1a\xff\xfe\n", "latin1");

/** By content, as findings name it. */
const FILES: Record<string, (prepared: PreparedTask, purpose: string) => Bytes> = {
  "every byte value and all line ends": (prepared, purpose) =>
    concat([EVERY_BYTE, new Uint8Array(LINE_ENDS), prepared.random(purpose, 300)]),
  "no bytes at all": () => new Uint8Array(0),
  "a million bytes": (prepared, purpose) => prepared.random(purpose, LARGE),
};

/** What is sent, or what arrived: the file that the client puts, and the one that it gets. */
interface Files<T> {
  put: T;
  get: T;
}

export function contents(points: number): Check {
  return {
    id: "contents",
    title: "Files of any bytes, of none and of a million arrive as they are",
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      const arrived = await Promise.all(
        Object.entries(FILES).map(async ([content, make]) => {
          const [put, get] = ["put", "got"].map((verb) => make(exchanges.prepared, `${content}, ${verb}`));
          if (!put || !get) return [];
          const title = `a file of ${content}`;
          // one failure may be chance, as on a busy machine
          const once = await transfer(exchanges, title, { put, get });
          if (difference({ put, get }, once.arrived) === undefined) return attempts("file", "arrived", 2);
          const { outcome, arrived } = await transfer(exchanges, `${title}, again`, { put, get });
          const happened = difference({ put, get }, arrived);
          if (happened === undefined) return attempts("file", "arrived", 2);
          throw new Found({
            expected: `a file of ${content} arrives unchanged, both ways`,
            happened,
            why: "A file is bytes, not text: a picture has no lines, and a log may be empty.",
            hint: "Open files in binary mode, and do not decode them. Send the length or mark the end, and count what has arrived. A length of 0 is valid too.",
            evidence: evidenceOf(outcome),
          });
        }),
      );
      return arrived.flat();
    },
  };
}

/** Lets a client transfer one file each way, and returns what arrived. */
async function transfer(
  exchanges: SharedExchanges,
  title: string,
  { put, get }: Files<Bytes>,
): Promise<{ outcome: Outcome; arrived: Files<Bytes | undefined> }> {
  const { server, client } = filePlaces(exchanges);
  const names = { put: fileNameFor(`${title}, put`), get: fileNameFor(`${title}, get`) };
  const offered = pathFor(server.get, names.get);
  const outcome = await exchanges.runInNewSession({
    title,
    keepFolders: true,
    patient: true,
    serverFiles: offered === undefined ? [] : [{ path: offered, content: get }],
    transfer: { put: { name: names.put, content: put }, get: names.get },
  });
  const arrived = {
    put: leftBehind(exchanges, outcome, "server", pathFor(server.put, names.put)),
    get: leftBehind(exchanges, outcome, "client", pathFor(client.get, names.get)),
  };
  return { outcome, arrived };
}

/** Says how a file that arrived differs from the one that was sent; undefined if none does. */
function difference(sent: Files<Bytes>, arrived: Files<Bytes | undefined>): string | undefined {
  const transfers = [
    { verb: "put", where: "the server's folder", bytes: sent.put, got: arrived.put },
    { verb: "got", where: "the client's folder", bytes: sent.get, got: arrived.get },
  ];
  for (const { verb, where, bytes, got } of transfers) {
    const file = `the file of ${bytes.length.toLocaleString("en")} bytes that the client ${verb}`;
    if (!got) return `${file} is not in ${where}`;
    if (got.length !== bytes.length)
      return `${file} has ${got.length.toLocaleString("en")} bytes in ${where}`;
    const at = bytes.findIndex((byte, index) => byte !== got[index]);
    if (at >= 0) return `${file} differs from byte ${at} on in ${where}: ${got[at]} instead of ${bytes[at]}`;
  }
  return undefined;
}
