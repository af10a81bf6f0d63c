/**
 * Pins: the fingerprint of each peer at the first contact, one text file per peer. A peer that
 * later shows another key under the same name is refused (trust on first use, as in SSH).
 *
 *     keys/known-servers/127.0.0.1%3A10001     SHA256:...
 *     keys/known-clients/alice                 SHA256:...
 *                                              last seen at 127.0.0.1
 *
 * A program writes under a lock, so that no more are remembered than `MAX_PINS`. The owner removes
 * a pin without it: a write that finds the pin gone does not bring it back.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isFingerprint } from "../bytes/names.ts";
import { printable } from "../bytes/printable.ts";
import { type Address, formatAddress } from "../net/tcp.ts";
import { withLock } from "./lock.ts";
import { createSmallFile, readSmallFile, replaceSmallFile } from "./small-file.ts";

/** Maximum number of pins in a folder. */
export const MAX_PINS = 1000;

const MODE = 0o600;
const LOCK = ".pins";
const NOTE = "last seen at ";
const PIN = /^(.*)\n(?:last seen at (.*)\n)?$/;

interface Pin {
  fingerprint: string;
  /** The last known address of the peer. */
  address: string | undefined;
}

/**
 * Pins the key of the peer `name`, or compares it with the pin. Call this only after the peer has
 * proved its key.
 *
 * @param folder folder of the pins; created if it does not exist
 * @param address the current address of the peer, stored with the fingerprint
 * @returns `new` at the first contact
 * @throws Error when the key differs from the pin, when the pin is damaged, or when there are too
 *   many pins
 */
export async function pin(
  folder: string,
  name: string,
  fingerprint: string,
  address?: string,
): Promise<"new" | "known"> {
  // no name leads out of the folder or starts with a dot, as locks and temporary files do
  const file = join(folder, encodeURIComponent(name).replace(/^\./, "%2E"));
  const check = async () => {
    const known = await load(file);
    if (known && known.fingerprint !== fingerprint) throw changed(name, file, known.fingerprint, fingerprint);
    return known;
  };
  const isNoted = (known: Pin) => address === undefined || printable(address) === known.address;
  const known = await check();
  if (known && isNoted(known)) return "known";
  return withLock(join(folder, LOCK), async () => {
    const contents = { text: format({ fingerprint, address }), mode: MODE };
    // another process may have been quicker
    const known = await check();
    if (!known) {
      await checkRoom(folder);
      if (await createSmallFile(file, contents)) return "new";
    } else if (isNoted(known)) return "known";
    await replaceSmallFile(file, contents, async () => {
      if (!(await check())) throw new Error("it was removed at this moment; try again");
    });
    return "known";
  });
}

/**
 * Pins the server at `address`, as typed, in the folder `known-servers` of `keys`; reports the
 * first contact on standard error.
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
 * Returns a function that checks a server that has proved its key: it must have the given
 * `fingerprint` or, if there is none, the key that is pinned for `address`.
 */
export function knownServer(
  keys: string,
  address: Address,
  fingerprint: string | undefined,
): (server: { fingerprint: string }) => Promise<void> {
  return async ({ fingerprint: shown }) => {
    if (fingerprint === undefined) return pinServer(keys, address, shown);
    if (shown !== fingerprint)
      throw new Error(`the server is refused: its key is ${shown}, expected ${fingerprint}`);
  };
}

async function load(file: string): Promise<Pin | undefined> {
  const contents = await readSmallFile(file);
  if (!contents) return undefined;
  const [, fingerprint = "", address] = PIN.exec(contents.text) ?? [];
  if (isFingerprint(fingerprint)) return { fingerprint, address };
  throw new Error(
    `${file} is damaged: expected a line SHA256:...; fix it, or remove it to trust the next key of that peer`,
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
    // not there yet; any other problem shows when the pin is written
  }
  if (files.filter((file) => !file.startsWith(".")).length < MAX_PINS) return;
  throw new Error(
    `${folder} is full: ${MAX_PINS} peers are remembered; remove the files of those you do not need`,
  );
}

function changed(name: string, file: string, known: string, fingerprint: string): Error {
  return new Error(
    `THE KEY OF ${printable(name)} HAS CHANGED: it was ${known}, and now is ${fingerprint}. This may be a man-in-the-middle attack! ` +
      `Only if you know that the new key is right, accept it: remove ${file} and try again`,
  );
}
