/** The private keys that lie in the folders of a submission. */
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PrivateNumbers } from "../../crack/rsa/own-keys.ts";
import { rsaId } from "../../exchange/public-keys.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { Side } from "../../model/direction.ts";
import type { Outcome } from "../../model/outcome.ts";

const MAX_FILE = 64 << 10;
const MAX_FILES = 5000;
const MIN_DER = 100;
const DER_SEQUENCE = 0x30;
const LEFT_OUT = /^(?:node_modules|\.git|test)$/;
/** An example in a document is not a key in use. */
const DOCUMENTS = /\.(?:md|rst|adoc)$/i;
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]/;

export interface PrivateFile {
  path: string;
  mode: number;
  /** As in `SeenKey`; undefined unless it is an RSA key that can be read. */
  id: string | undefined;
  numbers: PrivateNumbers | undefined;
}

/** Returns the files below `folder` that are private keys. */
export function privateFiles(folder: string): PrivateFile[] {
  const files: PrivateFile[] = [];
  let count = 0;
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      count += 1;
      if (count > MAX_FILES) return;
      const inner = join(path, entry.name);
      if (entry.isDirectory() && !LEFT_OUT.test(entry.name)) visit(inner);
      if (!entry.isFile() || DOCUMENTS.test(entry.name)) continue;
      const file = readPrivateFile(inner);
      if (file) files.push(file);
    }
  };
  visit(folder);
  return files;
}

/** Says whether the submission comes with private keys. */
export function hasShippedKeys({ prepared }: SharedExchanges): boolean {
  return privateFiles(prepared.source).length > 0;
}

/**
 * Says whether all private keys that `side` has in files after `b` were there after `a` too. Both
 * sessions have kept their folders.
 */
export function hasSameKeys(a: Outcome, b: Outcome, side: Side): boolean {
  const [before = [], now = []] = [a, b].map(({ session }) => {
    const folder = session.folderOf(side);
    return folder === undefined ? [] : privateFiles(folder).map(({ path }) => readFileSync(path, "latin1"));
  });
  // keys of other programs may lie beside its own
  return now.length > 0 && now.every((content) => before.includes(content));
}

function readPrivateFile(path: string): PrivateFile | undefined {
  const { size, mode } = statSync(path);
  if (size === 0 || size > MAX_FILE) return undefined;
  const content = readFileSync(path);
  const isPem = PEM.test(content.toString("latin1"));
  if (!isPem && (content[0] !== DER_SEQUENCE || size <= MIN_DER)) return undefined;
  const key = readKey(content);
  return isPem || key.id !== undefined ? { path, mode, ...key } : undefined;
}

/** Reads an RSA key in any common format; undefined fields if it is another key, or encrypted. */
function readKey(content: Buffer): Pick<PrivateFile, "id" | "numbers"> {
  const formats = [
    () => createPrivateKey(content),
    () => createPrivateKey({ key: content, format: "der", type: "pkcs8" }),
    () => createPrivateKey({ key: content, format: "der", type: "pkcs1" }),
  ];
  for (const read of formats) {
    try {
      const { n, e, d } = read().export({ format: "jwk" });
      if (n === undefined || e === undefined || d === undefined) break;
      const numbers = { modulus: integer(n), exponent: integer(e), privateExponent: integer(d) };
      return { id: rsaId(numbers.modulus), numbers };
    } catch {
      // another format, or encrypted
    }
  }
  return { id: undefined, numbers: undefined };
}

function integer(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, "base64url").toString("hex")}`);
}
