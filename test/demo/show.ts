/**
 * A conversation with an eavesdropper: client, wire and server side by side
 *
 * Run: npm start -- [part1|part2] ["the client's text" ["the server's text"]]
 *
 * Runs the real pair of scripts on a free port, shows what each did and what passed between them,
 * and then searches the capture for both texts.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { PassThrough } from "node:stream";
import { type Bytes, concat, toHex } from "../../lib/bytes/bytes.ts";
import { formatSize, quoted } from "../../lib/bytes/printable.ts";
import { installErrorHandlers, UsageError } from "../../lib/cli/diagnostics.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import { TEXT_LIMIT as PART2_LIMIT } from "../../lib/messages/hybrid-message.ts";
import { TEXT_LIMIT as PART1_LIMIT } from "../../lib/messages/rsa-message.ts";
import { FRAME_LIMIT, FramedStream } from "../../lib/net/framing.ts";
import { findText, isSearchable } from "../support/find-text.ts";
import { Program, TSX } from "../support/launch.ts";
import { DIRECTIONS, type Direction, wiretap } from "../support/wiretap.ts";
import { describeFrame, hiddenBytes, type Part } from "./describe-frame.ts";

const TITLES = { part1: "Part 1: pure RSA", part2: "Part 2: a Fernet key wrapped with RSA" };
const TEXT_LIMITS = { part1: PART1_LIMIT, part2: PART2_LIMIT };
const ARROWS = { "client to server": "────▶", "server to client": "◀────" };
const DEFAULT_TEXTS = { client: "Meet me at the bridge at noon.", server: "I will bring the map." };
const USAGE = `Shows client, server, and an eavesdropper on the wire between them, side by side.

Usage: npm start -- [part1|part2] ["the client's text" ["the server's text"]]`;
const EXCERPT_LENGTH = 14;
const QUOTE_LENGTH = 60;
const LINE_LENGTH = 600;
const DEFAULT_WIDTH = 120;

installErrorHandlers();
// an old Node, which that refuses, cannot parse what this imports
const { makeColumns } = await import("./columns.ts");
const { part, clientText, serverText } = readArguments();
const columns = makeColumns(process.stdout.columns || DEFAULT_WIDTH, ["client", "wire", "server"]);
console.log(`${TITLES[part]}. Real programs, on a free port.\n`);
console.log(columns.header(["CLIENT", "THE WIRE, AS AN EAVESDROPPER SEES IT", "SERVER"]));

const server = new Program([...TSX, `${part}/server.ts`, "-", "--port", "0", "--trace"], {
  input: serverText,
  onLine: (line) => console.log(columns.row(["", "", tidy(line)])),
});
const copies = { "client to server": new PassThrough(), "server to client": new PassThrough() };
const tap = await wiretap(await server.port(), {
  onBytes: (direction, bytes) => copies[direction].write(bytes),
});
const hidden: Bytes[] = [];
const frames = Promise.all(DIRECTIONS.map(showFrames));
const client = new Program([...TSX, `${part}/client.ts`, "-", "--port", String(tap.port), "--trace"], {
  input: clientText,
  onLine: (line) => console.log(columns.row([tidy(line), "", ""])),
});

const clientEnding = await client.ending;
if (tap.captured("client to server").length === 0) await server.stop();
const serverEnding = await server.ending;
for (const direction of DIRECTIONS) copies[direction].end();
await frames;
tap.close();
console.log(columns.rule());

// a text that the search must find, or the search itself is broken
const control = `sml/${part}/v1`;
const secret = searchCapturedBytes();
process.exitCode = secret && clientEnding.status === 0 && serverEnding.status === 0 ? 0 : 1;

/** Shows each frame of `direction` as it passes: its size, how it begins, and what it is. */
async function showFrames(direction: Direction): Promise<void> {
  let index = 0;
  for await (const payload of new FramedStream(copies[direction]).frames(FRAME_LIMIT)) {
    const excerpt = toHex(payload.subarray(0, EXCERPT_LENGTH)).replace(/../g, "$& ");
    const meaning = await describeFrame(part, direction, index, payload);
    console.log(
      columns.row(["", `${ARROWS[direction]} ${payload.length} bytes\n${excerpt}…\n${brief(meaning)}`, ""]),
    );
    hidden.push(hiddenBytes(part, direction, index, payload));
    index += 1;
  }
}

/** Searches the capture for both texts, prints the result, and returns whether neither leaked. */
function searchCapturedBytes(): boolean {
  const captured = concat(DIRECTIONS.map(tap.captured));
  if (captured.length === 0) {
    console.log("\nNothing passed the wire: there is nothing to search.");
    return false;
  }
  console.log(
    `\nThe eavesdropper searches all ${captured.length} bytes, for UTF-8, UTF-16, hexadecimal and base64:`,
  );
  for (const text of [clientText, serverText]) console.log(`  ${quote(text)}: ${search(captured, text)}`);
  const found = findText(captured, control);
  console.log(
    `  ${quote(control)}, which both hellos carry in plaintext: ${found.length > 0 ? `found, as ${found}` : "not found"}`,
  );
  return found.length > 0 && ![clientText, serverText].some(isLeaked);
}

function search(captured: Bytes, text: string): string {
  if (!isSearchable(text)) return "too short to search for, it would turn up by chance";
  const encodings = findText(captured, text);
  if (encodings.length === 0) return "not found";
  const where = isLeaked(text) ? "" : ", but only where the protocol itself is in plaintext";
  return `found, as ${encodings.join(" and ")}${where}`;
}

/** Says whether `text` occurs in bytes that should reveal nothing. */
function isLeaked(text: string): boolean {
  return isSearchable(text) && findText(concat(hidden), text).length > 0;
}

function quote(text: string): string {
  return quoted(text, QUOTE_LENGTH);
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Shortens the fingerprints in `text`, so that they fit a column and still differ. */
function brief(text: string): string {
  return text.replace(/(SHA256:.{10}).{33}/g, "$1…");
}

/** Turns a script's `[  1.5 ms] step` into `step (1.5 ms)`. */
function tidy(line: string): string {
  return shorten(brief(line).replace(/^\[ *([\d.]+ ms)\] (.*)$/, "$2 ($1)"), LINE_LENGTH);
}

function readArguments(): { part: Part; clientText: string; serverText: string } {
  const { values, words } = parseFlags(process.argv.slice(2), { help: { help: "print this help" } });
  if (values["help"] !== undefined) {
    console.log(USAGE);
    process.exit(0);
  }
  const [first] = words;
  const named = first === "part1" || first === "part2" ? first : undefined;
  const texts = named === undefined ? words : words.slice(1);
  if (texts.length > 2)
    throw new UsageError("expected at most a part and two texts; see npm start -- --help");
  if (named === undefined && first !== undefined)
    throw new UsageError(`expected part1 or part2, got ${quote(first)}`);
  const part = named ?? "part2";
  const [clientText = DEFAULT_TEXTS.client, serverText = DEFAULT_TEXTS.server] = texts;
  const limit = TEXT_LIMITS[part];
  for (const [whose, text] of Object.entries({ client: clientText, server: serverText }))
    if (Buffer.byteLength(text) > limit)
      throw new UsageError(
        `the ${whose}'s text is too long: ${part} takes at most ${formatSize(limit)} (${limit} bytes of UTF-8)`,
      );
  return { part, clientText, serverText };
}
