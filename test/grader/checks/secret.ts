/** Checks what an eavesdropper can read. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Budget } from "../crack/capture/budget.ts";
import { captureOf, describePlace, streamsOf } from "../crack/capture/capture.ts";
import { knownForms } from "../crack/capture/known.ts";
import type { Proof } from "../crack/capture/proof.ts";
import { findClear } from "../crack/decode/clear.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { type Answer, listenIn } from "../crack/eavesdropper.ts";
import { repeatedText } from "../crack/symmetric/equal-blocks.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { MANIFEST_NAME } from "../manifest/manifest.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import type { PreparedTask } from "../run/prepared-task.ts";
import type { Check } from "./check.ts";
import { longRun } from "./works.ts";

const MAX_QUOTE = 300;
/** Of long texts, where they are looked for: the end of each stretch, as a share of the whole, and its characters. */
const EXCERPTS = [0.25, 0.5, 0.75, 1];
const EXCERPT_LENGTH = 200;
const LONG_STEPS = 300_000_000;
const MAX_FILE = 256 << 10;
const MAX_FILES = 500;
const LEFT_OUT = /(?:^|\/)(?:node_modules|\.git|test)\//;

/** Neither text can be read from what passes, nor from files that both see; nor the end of texts of `length` characters. */
export function secret(points: number, length: number): Check {
  return {
    id: "secret",
    title: "An eavesdropper learns neither text",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { proofs, runs } = await listen(exchanges);
      const [proof] = proofs;
      if (proof) throw found(proof, runs);
      await listenToLong(exchanges, length);
    },
  };
}

interface Heard extends Answer {
  /** One, one with other texts, one with the same as the first, and perhaps one with texts that repeat themselves. */
  runs: Outcome[];
}

const heard = new WeakMap<SharedExchanges, Promise<Heard>>();

/** All that the eavesdropper heard. */
export function listen(exchanges: SharedExchanges): Promise<Heard> {
  const known = heard.get(exchanges) ?? listenOnce(exchanges);
  heard.set(exchanges, known);
  return known;
}

async function listenOnce(exchanges: SharedExchanges): Promise<Heard> {
  const { first } = await exchanges.baseline();
  const [other, again, repeated] = await Promise.all([
    exchanges.other(),
    exchanges.again(),
    repeatedRun(exchanges),
  ]);
  const runs = [first, other, again, ...repeated];
  const capture = (outcome: Outcome | undefined) => outcome && captureOf(outcome.events);
  const answer = await listenIn({
    same: [captureOf(first.events), captureOf(again.events)],
    other: captureOf(other.events),
    repeated: capture(repeated[0]),
    texts: [...new Set(runs.flatMap(({ message, reply }) => [message, reply]))],
    source: sourceOf(exchanges.prepared),
    steps: exchanges.prepared.steps,
  });
  return { ...answer, runs };
}

/** Looks for parts of long texts in clear: what is encrypted may be the beginning only. @throws Found */
async function listenToLong(exchanges: SharedExchanges, length: number): Promise<void> {
  if (exchanges.fixedTexts) return;
  const run = await longRun(exchanges, length);
  const budget = new Budget(LONG_STEPS);
  const views = streamsOf(captureOf(run.events)).flatMap((stream) => viewsOf(stream, budget));
  const knowns = knownForms([run.message, run.reply].flatMap(excerptsOf));
  const [proof] = findClear(views, knowns, budget);
  if (proof) throw found(proof, [run]);
}

/** Stretches of a text, the last of which is its end. */
function excerptsOf(text: string): string[] {
  return EXCERPTS.map((share) => Math.round(share * text.length)).map((end) =>
    text.slice(Math.max(0, end - EXCERPT_LENGTH), end),
  );
}

/** An exchange of texts whose blocks come again and again; none where such texts do not arrive. */
async function repeatedRun(exchanges: SharedExchanges): Promise<Outcome[]> {
  if (exchanges.fixedTexts) return [];
  const outcome = await exchanges.run({
    title: "texts that repeat themselves",
    message: repeatedText(exchanges.prepared.random("repeated message", 16)),
    reply: repeatedText(exchanges.prepared.random("repeated reply", 16)),
  });
  return outcome.times.message > 0 || outcome.times.reply > 0 ? [outcome] : [];
}

/** The submission's own files, in which keys may stand, first those that are nearest to the task's programs. */
export function sourceOf({
  source,
  manifest,
}: Pick<PreparedTask, "source"> & { manifest: Pick<PreparedTask["manifest"], "folder" | "programs"> }): {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}[] {
  const folder = join(source, manifest.folder);
  const homes = homesOf(manifest);
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    // what the manifest types is not the submission's, and nobody else sees it
    .filter((path) => path !== join(source, MANIFEST_NAME))
    .filter((path) => !LEFT_OUT.test(relative(folder, path)) && statSync(path).size <= MAX_FILE)
    .map((path) => ({ path, way: Math.min(...homes.map((home) => stepsBetween(join(folder, home), path))) }))
    .toSorted((a, b) => a.way - b.way || (a.path < b.path ? -1 : 1))
    .map(({ path }) => path)
    .slice(0, MAX_FILES);
  return files.map((path) => ({ name: relative(source, path), bytes: new Uint8Array(readFileSync(path)) }));
}

/** The folders of what the commands name. */
function homesOf({ programs }: Pick<PreparedTask["manifest"], "programs">): string[] {
  const words = Object.values(programs).flatMap(({ command, next }) => [command, ...next].flat());
  return ["", ...words.filter((word) => /^[\w.][\w./-]*\/[\w.-]+$/.test(word)).map(dirname)];
}

/** How many folders one passes on the way from a folder to a file. */
function stepsBetween(folder: string, file: string): number {
  return relative(folder, dirname(file)).split(sep).filter(Boolean).length;
}

function found({ kind, cipher, key, recovered, where, how }: Proof, runs: readonly Outcome[]): Found {
  const run = runs[where[0]?.session ?? 0] ?? runs[0];
  const isGuess = kind === "guess confirmed";
  const quoted = JSON.stringify(recovered.slice(0, MAX_QUOTE));
  return new Found({
    expected: "nothing that passes gives a text away",
    happened: isGuess
      ? `whoever guesses that the text is ${quoted} sees that the guess is right: ${cipher}`
      : `an eavesdropper reads ${quoted}: ${kind}, ${cipher}`,
    why: isGuess
      ? "Most messages are one of few: yes or no, a name, a number. Whoever sits on the way tries them all, and nobody notices."
      : "Whoever sits anywhere on the way reads along, and nobody notices.",
    hint:
      HINTS[kind] ??
      "Use AES-GCM, ChaCha20-Poly1305 or Fernet with a new random key, and RSA-OAEP of 2048 bits or more to send that key.",
    evidence: [
      {
        caption: "How anyone can repeat it",
        quote: `${how}${key === undefined ? "" : `\nkey: ${key}`}\n${where.map(describePlace).join("\n")}`,
      },
      {
        caption: isGuess ? "What was confirmed" : "What was recovered",
        quote: recovered.slice(0, MAX_QUOTE),
      },
      ...(run
        ? [
            {
              caption: "The exchange",
              diagram: diagramOf(run, "What the eavesdropper saw", {
                read: kind === "clear" ? "the text, for all to read" : cipher,
              }),
            },
          ]
        : []),
    ],
  });
}

const HINTS: Partial<Record<Proof["kind"], string>> = {
  clear: "Encrypt the text before you send it; base64, hexadecimal and pickle are no encryption.",
  "key on the wire":
    "Encrypt the secret key with the receiver's public key, or agree on it with Diffie-Hellman.",
  "equal blocks": "Use a mode with a random nonce and authentication, such as GCM, and never ECB.",
  "guess confirmed":
    "Put hashes and signatures of the text inside of what is encrypted, or hash and sign the ciphertext.",
  "key in the source":
    "Make a new random key for each session: what stands in the source is known to everybody who has it.",
};
