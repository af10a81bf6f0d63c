/**
 * A conversation with an eavesdropper: client, wire and server side by side
 *
 * Run: npm start -- [part1|part2] ["the client's text" ["the server's text"]]
 *
 * Runs the real pair of scripts on a free port, shows what each did and what passed between them, and then searches all
 * captured bytes for both texts.
 */
import process from "node:process";
import { PassThrough } from "node:stream";
import { parseArgs } from "node:util";
import "../../lib/cli.ts";
import { type Bytes, concat, toHex } from "../../lib/bytes.ts";
import { FRAME_LIMIT, FramedStream } from "../../lib/framing.ts";
import { printable } from "../../lib/printable.ts";
import { UsageError } from "../../lib/usage-error.ts";
import { makeColumns } from "./columns.ts";
import { describeFrame, type Part } from "./describe-frame.ts";
import { findText, isSearchable } from "./find-text.ts";
import { Program, TSX } from "./launch.ts";
import { DIRECTIONS, type Direction, wiretap } from "./wiretap.ts";

const TITLES = { part1: "Part 1: pure RSA", part2: "Part 2: a Fernet key wrapped with RSA" };
const ARROWS = { "client to server": "────▶", "server to client": "◀────" };
const DEFAULT_TEXTS = { client: "Meet me at the bridge at noon.", server: "I will bring the map." };
const USAGE = `Shows client, server, and an eavesdropper on the wire between them, side by side.

Usage: npm start -- [part1|part2] ["the client's text" ["the server's text"]]`;
const EXCERPT_LENGTH = 14;
const QUOTE_LENGTH = 60;
const LINE_LENGTH = 600;
const DEFAULT_WIDTH = 120;

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
    index += 1;
  }
}

/** Searches all that passed for both texts; says what it found, and returns whether it found neither. */
function searchCapturedBytes(): boolean {
  const captured = concat(DIRECTIONS.map(tap.captured));
  const control = `sml/${part}/v1`;
  console.log(
    `\nThe eavesdropper searches all ${captured.length} bytes, for UTF-8, UTF-16, hexadecimal and base64:`,
  );
  const verdicts = [clientText, serverText].map((text) => search(captured, text));
  console.log(`  ${quote(clientText)}: ${verdicts[0]}`);
  console.log(`  ${quote(serverText)}: ${verdicts[1]}`);
  console.log(`  ${quote(control)}, which both hellos carry in clear: ${search(captured, control)}`);
  return (
    search(captured, control).startsWith("found") && !verdicts.some((verdict) => verdict.startsWith("found"))
  );
}

function search(captured: Bytes, text: string): string {
  if (!isSearchable(text)) return "too short to search for, it would turn up by chance";
  const encodings = findText(captured, text);
  return encodings.length > 0 ? `found, as ${encodings.join(" and ")}` : "not found";
}

function quote(text: string): string {
  return `"${shorten(printable(text), QUOTE_LENGTH)}"`;
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** Shortens the fingerprints in `text`, so that they fit a column and can still be told apart. */
function brief(text: string): string {
  return text.replace(/(SHA256:.{10}).{33}/g, "$1…");
}

/** Turns a script's `[  1.5 ms] step` into `step (1.5 ms)`. */
function tidy(line: string): string {
  return shorten(brief(line).replace(/^\[ *([\d.]+ ms)\] (.*)$/, "$2 ($1)"), LINE_LENGTH);
}

function readArguments(): { part: Part; clientText: string; serverText: string } {
  const { values, positionals } = parseArguments();
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const [first] = positionals;
  const part = first === "part1" || first === "part2" ? first : undefined;
  const texts = part === undefined ? positionals : positionals.slice(1);
  if (texts.length > 2)
    throw new UsageError("expected at most a part and two texts; see npm start -- --help");
  if (part === undefined && first !== undefined)
    throw new UsageError(`expected part1 or part2, got ${quote(first)}`);
  const [clientText = DEFAULT_TEXTS.client, serverText = DEFAULT_TEXTS.server] = texts;
  return { part: part ?? "part2", clientText, serverText };
}

function parseArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { help: { type: "boolean" } } });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
