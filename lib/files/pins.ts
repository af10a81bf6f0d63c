/**
 * Pins: the fingerprint under which a peer was met first, remembered in a text file for each. Whoever has another key
 * under the same name afterwards is refused (trust on first use, as SSH does it).
 *
 *     keys/known-servers/127.0.0.1%3A10001     SHA256:...
 *     keys/known-clients/alice                 SHA256:...
 *                                              last seen at 127.0.0.1
 *
 * A file of its own for each needs no lock: of two who pin the same name at once, one makes the file.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isFingerprint } from "../bytes/names.ts";
import { printable } from "../bytes/printable.ts";
import { type Address, formatAddress } from "../net/tcp.ts";
import { createSmallFile, readSmallFile, replaceSmallFile } from "./small-file.ts";

/** Peers that one folder remembers at most. */
export const MAX_PINS = 1000;

const MODE = 0o600;
const NOTE = "last seen at ";
const PIN = /^(.*)\n(?:last seen at (.*)\n)?$/;

interface Pin {
  fingerprint: string;
  /** Where the peer was seen last. */
  address: string | undefined;
}

/**
 * Remembers that the peer `name` has the key with this `fingerprint`, or compares it with what is remembered. To be called
 * once the peer has proved its key, not before.
 *
 * @param folder where the pins are; made when there is none
 * @param address where the peer is now, remembered beside the fingerprint
 * @returns `new` when this is the first contact
 * @throws Error when the peer has another key than it had, when its pin is damaged, or when there are too many
 */
export async function pin(
  folder: string,
  name: string,
  fingerprint: string,
  address?: string,
): Promise<"new" | "known"> {
  // no name leads out of the folder, and none begins with a dot as the temporary files do
  const file = join(folder, encodeURIComponent(name).replace(/^\./, "%2E"));
  const text = format({ fingerprint, address });
  for (;;) {
    const known = await load(file);
    if (known) {
      if (known.fingerprint !== fingerprint) throw changed(name, file, known.fingerprint, fingerprint);
      if (address !== undefined && printable(address) !== known.address)
        await replaceSmallFile(file, { text, mode: MODE });
      return "known";
    }
    await checkRoom(folder);
    if (await createSmallFile(file, { text, mode: MODE })) return "new";
  }
}

/**
 * Pins the server at `address`, as typed, in the folder `known-servers` of `keys`; says so on standard error at the first contact.
 *
 * @throws Error as `pin`
 */
export async function pinServer(keys: string, address: Address, fingerprint: string): Promise<void> {
  const name = formatAddress(address);
  if ((await pin(join(keys, "known-servers"), name, fingerprint)) === "known") return;
  console.error(
    `First contact with ${printable(name)}: its key ${fingerprint} is remembered from now on. Is it the right one?`,
  );
}

/**
 * Returns what checks a server that has proved its key: it must be the one with the `fingerprint` that is demanded, or
 * else, when none is, the one that was met at `address` before.
 */
export function knownServer(
  keys: string,
  address: Address,
  fingerprint: string | undefined,
): (server: { fingerprint: string }) => Promise<void> {
  return async ({ fingerprint: shown }) => {
    if (fingerprint === undefined) return pinServer(keys, address, shown);
    if (shown !== fingerprint)
      throw new Error(`the server is refused: its key is ${shown}, and ${fingerprint} is demanded`);
  };
}

async function load(file: string): Promise<Pin | undefined> {
  const contents = await readSmallFile(file);
  if (!contents) return undefined;
  const [, fingerprint = "", address] = PIN.exec(contents.text) ?? [];
  if (isFingerprint(fingerprint)) return { fingerprint, address };
  throw new Error(
    `${file} is damaged: expected a line SHA256:...; mend it, or remove it to meet that peer anew`,
  );
}

function format({ fingerprint, address }: Pin): string {
  return `${fingerprint}\n${address === undefined ? "" : `${NOTE}${printable(address)}\n`}`;
}

async function checkRoom(folder: string): Promise<void> {
  let files: string[] = [];
  try {
    files = await readdir(folder);
  } catch {
    // not there yet; whatever else is wrong with it, whoever writes to it will hear
  }
  if (files.filter((file) => !file.startsWith(".")).length < MAX_PINS) return;
  throw new Error(
    `${folder} is full: ${MAX_PINS} peers are remembered; remove the files of those you do not need`,
  );
}

function changed(name: string, file: string, known: string, fingerprint: string): Error {
  return new Error(
    `THE KEY OF ${printable(name)} HAS CHANGED: it was ${known}, and now is ${fingerprint}. Somebody may be in the middle! ` +
      `Only if you know that the new key is right, accept it: remove ${file} and try again`,
  );
}
