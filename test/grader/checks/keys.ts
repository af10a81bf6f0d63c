/** Checks of the keys themselves: how long, how old, and who else has them. */
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { isPrivate } from "../../../lib/files/small-file.ts";
import { Budget } from "../crack/capture/budget.ts";
import { captureOf, describePlace, streamsOf } from "../crack/capture/capture.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { type FoundKey, findKeys, findPrivateKeys, type RsaKey } from "../crack/keys/find-keys.ts";
import type { PrivateNumbers } from "../crack/rsa/own-keys.ts";
import { rewrap } from "../crack/rsa/swap-keys.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Side } from "../model/direction.ts";
import { DIRECTIONS } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { listen } from "./secret.ts";

const MIN_BITS = 2048;
/** Bits that a random number may be short of its length. */
const NEARLY = 16;
const MIN_EXPONENT = 65_537n;
const MAX_FILE = 64 << 10;
const MAX_FILES = 5000;
const MAX_TRIED = 20;
const LEFT_OUT = /^(?:node_modules|\.git|test)$/;
// an example in a text is not a key in use
const DOCUMENTS = /\.(?:md|rst|adoc)$/i;

const SEARCH_STEPS = 500_000_000;
const HINT_SIZE = "Make RSA keys of 2048 bits or more with the exponent 65537, by a library, not by hand.";

export interface SeenKey {
  /** The same for the same key. */
  id: string;
  key: FoundKey;
}

const known = new WeakMap<Outcome, FoundKey[]>();

/** The public keys that `side` sent. */
export function keysOf(outcome: Outcome, side: Side): SeenKey[] {
  const keys = known.get(outcome) ?? viewsOfOutcome(outcome).flatMap((views) => findKeys(views));
  known.set(outcome, keys);
  return keys.filter((key) => key.certain && key.side === side).map((key) => ({ id: idOf(key), key }));
}

function viewsOfOutcome(outcome: Outcome) {
  const budget = new Budget(SEARCH_STEPS);
  return streamsOf(captureOf(outcome.events)).map((stream) => viewsOf(stream, budget));
}

function idOf(key: FoundKey): string {
  if ("modulus" in key) return `RSA ${key.modulus.toString(16)}`;
  const { view, offset, length } = key.point;
  return `${key.algorithm} ${Buffer.from(view.bytes.subarray(offset, offset + length)).toString("hex")}`;
}

/** Says whether private keys came with the submission that are in use. */
export function hasShippedKeys(exchanges: SharedExchanges): boolean {
  return privateFiles(exchanges.prepared.source).length > 0;
}

/** Says whether `side` of `b` has private keys in files, and none that the one of `a` has not; both have kept their folders. */
export function hasSameKeys(a: Outcome, b: Outcome, side: Side): boolean {
  const [before = [], now = []] = [a, b].map(({ session }) => {
    const folder = session.folderOf(side);
    return folder === undefined ? [] : privateFiles(folder).map(({ path }) => readFileSync(path, "latin1"));
  });
  // those of others may lie beside its own
  return now.length > 0 && now.every((content) => before.includes(content));
}

interface PrivateFile {
  path: string;
  mode: number;
  /** As `idOf` for RSA; undefined where it could not be read. */
  id: string | undefined;
  numbers: PrivateNumbers | undefined;
}

/** The files below `folder` that are private keys. */
function privateFiles(folder: string): PrivateFile[] {
  const files: PrivateFile[] = [];
  let count = 0;
  const visit = (path: string) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      count += 1;
      if (count > MAX_FILES) return;
      const inner = join(path, entry.name);
      if (entry.isDirectory() && !LEFT_OUT.test(entry.name)) visit(inner);
      if (!entry.isFile() || DOCUMENTS.test(entry.name)) continue;
      const { size, mode } = statSync(inner);
      if (size === 0 || size > MAX_FILE) continue;
      const content = readFileSync(inner);
      if (
        /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]/.test(content.toString("latin1")) ||
        isDer(content)
      )
        files.push({ path: inner, mode, ...readPrivate(content) });
    }
  };
  visit(folder);
  return files;
}

function isDer(content: Buffer): boolean {
  return content[0] === 0x30 && content.length > 100 && readPrivate(content).id !== undefined;
}

/** Reads an RSA key in any of the usual forms; without a result where it is another key, or needs a password. */
function readPrivate(content: Buffer): Pick<PrivateFile, "id" | "numbers"> {
  const forms = [
    () => createPrivateKey(content),
    () => createPrivateKey({ key: content, format: "der", type: "pkcs8" }),
    () => createPrivateKey({ key: content, format: "der", type: "pkcs1" }),
  ];
  for (const form of forms) {
    try {
      const { n, e, d } = form().export({ format: "jwk" });
      if (n === undefined || e === undefined || d === undefined) break;
      const numbers = { modulus: integer(n), exponent: integer(e), privateExponent: integer(d) };
      return { id: `RSA ${numbers.modulus.toString(16)}`, numbers };
    } catch {
      // another form, or a password
    }
  }
  return { id: undefined, numbers: undefined };
}

function integer(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, "base64url").toString("hex")}`);
}

/** Keys are long enough, nobody else has them, and they are as old as the task says. */
export function keys(points: number, age: "new in each run" | "kept" | "either"): Check {
  return {
    id: "keys",
    title:
      age === "new in each run"
        ? "Keys are long enough, new in each run, and private ones stay private"
        : "Keys are long enough, and private ones stay private",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const again = await exchanges.again();
      requireLength(first, again);
      const { proofs } = await listen(exchanges);
      const weak = proofs.find(({ kind }) => kind === "weak key");
      if (weak) {
        throw found(
          first,
          "keys that nobody can work out",
          `the key was worked out from what passed: ${weak.how}`,
          "A key that can be computed is no secret.",
          HINT_SIZE,
        );
      }
      // that some number is a key shows only in what it decrypts, or which signatures it verifies
      for (const { rsa, cipher } of proofs) if (rsa) requireLongKey(first, rsa, cipher);
      requireNoPrivate(first);
      const source = proofs.find(({ kind }) => kind === "key in the source" || kind === "key on the wire");
      if (source) {
        throw found(
          first,
          "secret keys are made for each session, and known to the two alone",
          `${source.cipher}: ${source.how}`,
          "A key that others have hides nothing from them.",
          "Make keys when the program runs, and never send or ship one that must stay secret.",
        );
      }
      if (age === "new in each run") requireNew(first, again);
      requireNotShipped(exchanges, [first, again]);
      if (age !== "new in each run") requirePrivateFiles(exchanges, first);
    },
  };
}

/** Two numbers side by side may be a key by chance: then they are not in each run, nor just short of the usual size. */
function isByChance({ form, bits }: RsaKey & FoundKey, again: readonly SeenKey[]): boolean {
  if (!/ numbers/.test(form)) return false;
  const like = ({ key }: SeenKey) =>
    "modulus" in key && key.form === form && Math.abs(key.bits - bits) < NEARLY;
  return bits > MIN_BITS - NEARLY || !again.some(like);
}

function requireLength(outcome: Outcome, again: Outcome): void {
  for (const side of ["client", "server"] as const) {
    const inBoth = keysOf(again, side);
    for (const { key } of keysOf(outcome, side)) {
      if (!("modulus" in key) || isByChance(key, inBoth)) continue;
      requireLongKey(
        outcome,
        key,
        `sent by the ${side}: ${key.form}; ${key.where.map(describePlace).join("; ")}`,
      );
    }
  }
}

function requireLongKey(
  outcome: Outcome,
  { bits, exponent }: { bits: number; exponent: bigint },
  seen: string,
): void {
  if (bits < MIN_BITS)
    throw found(
      outcome,
      `RSA keys of ${MIN_BITS} bits or more`,
      `one has ${bits} bits (${seen})`,
      "Keys of 829 bits have been factored in public, those of 512 bits cost a few hours and little money.",
      HINT_SIZE,
    );
  if (exponent < MIN_EXPONENT)
    throw found(
      outcome,
      "the public exponent 65537",
      `one has the exponent ${exponent} (${seen})`,
      "With a small exponent, a message without padding is a root that anybody can take, and mistakes in padding are fatal.",
      HINT_SIZE,
    );
}

function requireNoPrivate(outcome: Outcome): void {
  for (const views of viewsOfOutcome(outcome)) {
    const [key] = findPrivateKeys(views);
    if (key && !key.encrypted)
      throw found(
        outcome,
        "private keys never leave their owner",
        `a private key passed in clear (${key.form}; ${key.where.map(describePlace).join("; ")})`,
        "Whoever has the private key reads everything, and signs as its owner.",
        "Send public keys only.",
      );
  }
}

function requireNew(first: Outcome, again: Outcome): void {
  for (const side of ["client", "server"] as const) {
    const before = new Set(keysOf(first, side).map(({ id }) => id));
    const same = keysOf(again, side).find(({ id }) => before.has(id));
    if (!same) continue;
    throw found(
      again,
      "each run makes new keys",
      `the ${side} sent the same ${same.key.algorithm} key in two runs, each from a fresh copy of the submission`,
      "A key that comes with the program is known to everybody who has the program.",
      "Generate the key pair when the program starts.",
    );
  }
}

/** A private key in the submission, whose public half is in use, is everybody's. */
function requireNotShipped(exchanges: SharedExchanges, outcomes: readonly Outcome[]): void {
  const used = new Set(
    outcomes.flatMap((outcome) =>
      (["client", "server"] as const).flatMap((side) => keysOf(outcome, side).map(({ id }) => id)),
    ),
  );
  const [outcome] = outcomes;
  // its public half passed, or something that was encrypted for it
  const file = privateFiles(exchanges.prepared.source)
    .slice(0, MAX_TRIED)
    .find(
      ({ id, numbers }) =>
        id !== undefined && (used.has(id) || (outcome && numbers && opens(outcome, numbers))),
    );
  if (!file || !outcome) return;
  const name = relative(exchanges.prepared.source, file.path);
  throw found(
    outcome,
    "private keys are made where they are used, and stay there",
    `${name}, which comes with the submission, is the private half of a key in use`,
    "Whoever can read the repository can read the messages.",
    "Make keys at the first start, and keep them out of version control (.gitignore).",
  );
}

/** Says whether `key` decrypts something that passed, with a padding that is right. */
function opens(outcome: Outcome, key: PrivateNumbers): boolean {
  return DIRECTIONS.some((direction) =>
    rewrap(bytesSent(outcome.turns, direction), key, key).rewrapped.some(({ padding }) =>
      padding.startsWith("OAEP"),
    ),
  );
}

function requirePrivateFiles(exchanges: SharedExchanges, first: Outcome): void {
  for (const side of ["client", "server"] as const) {
    const folder = first.session.folderOf(side);
    if (folder === undefined) continue;
    const own = new Set(
      privateFiles(exchanges.prepared.source).map(({ path }) => relative(exchanges.prepared.source, path)),
    );
    const open = privateFiles(folder).find(
      ({ path, mode }) => !isPrivate(mode) && !own.has(relative(folder, path)),
    );
    if (!open) continue;
    const mode = (open.mode & 0o777).toString(8);
    throw found(
      first,
      "nobody but its owner may read a private key",
      `the ${side} wrote ${relative(folder, open.path)} with mode ${mode}`,
      "Everybody with an account on the machine can read it, and be you.",
      "Create the file with mode 600.",
    );
  }
}

function found(outcome: Outcome, expected: string, happened: string, why: string, hint: string): Found {
  return new Found({
    expected,
    happened,
    why,
    hint,
    evidence: [{ caption: "The exchange", diagram: diagramOf(outcome, "The exchange") }],
  });
}
