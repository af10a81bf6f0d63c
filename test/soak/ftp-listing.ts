/**
 * Soak: memory of the FTP client while a server sends listings without end
 *
 * Run: npm run test:soak -- ftp-listing
 *
 * A client, in its own process, lists folders and downloads trees of a hostile server until each
 * limit stops it. Prints the client's peak memory; exits with 1 if it is too high.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { FtpClient } from "../../exercises/05-ftp/ftp/client/ftp-client.ts";
import { downloadTree } from "../../exercises/05-ftp/ftp/client/tree.ts";
import { ENTRIES_LIMIT } from "../../exercises/05-ftp/ftp/protocol/listing.ts";
import { type FakeOptions, unprotected, withFake } from "../support/fake-ftp.ts";

const MIB = 1024 * 1024;
/** Bytes that the client may use at its peak. */
const PEAK_LIMIT = 384 * MIB;
const PIECE = 64 * 1024;

interface Case {
  /** The lines of each folder. */
  lines: () => Iterable<string>;
  isTree?: boolean;
  /** What the client says in the end. */
  expected: RegExp;
}

const CASES: Record<string, Case> = {
  "long names": { lines: () => repeat(`type=file; ${"x".repeat(8000)}☃`), expected: /longer than 64 MiB/ },
  "many names": { lines: () => repeat("type=file;size=1; x"), expected: /more than 200000 lines/ },
  "many malformed lines": { lines: () => repeat("x"), expected: /more than 200000 lines/ },
  "a line without an end": { lines: () => ["x".repeat(100 * MIB)], expected: /line .* is too long/ },
  "nested folders with long names": {
    lines: () => nested(`type=OS.unix=x; ${"x".repeat(8000)}☃`, 4000),
    isTree: true,
    expected: /longer than \d+ bytes/,
  },
  "nested folders with many names": {
    lines: () => nested("type=OS.unix=x; x", ENTRIES_LIMIT - 1),
    isTree: true,
    expected: /more than 1000000 entries/,
  },
};

const [, , mode, port, name = ""] = process.argv;
if (mode === "client") await runClient(Number(port), name);
else await soak();

async function soak(): Promise<void> {
  for (const [name, { lines, expected }] of Object.entries(CASES)) {
    const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
      if (verb !== "MLSD") return false;
      say("150 here");
      await pipeline(pieces(lines()), (await data()).resume()).catch(() => {});
      say("226 done");
      return true;
    };
    await withFake({ answer }, async (fake) => {
      const client = fork(fileURLToPath(import.meta.url), ["client", String(fake.port), name]);
      const [{ peak, outcome }] = await once(client, "message");
      const isFine = peak < PEAK_LIMIT && expected.test(outcome);
      console.log(`${isFine ? "ok  " : "FAIL"}  ${name}: ${Math.round(peak / MIB)} MiB; ${outcome}`);
      if (!isFine) process.exitCode = 1;
    });
  }
}

/** The client process: reports its peak memory, and what went wrong. */
async function runClient(port: number, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sml-soak-"));
  const outcomes: string[] = [];
  const fail = (error: unknown) => void outcomes.push(error instanceof Error ? error.message : String(error));
  try {
    const client = await FtpClient.connect(
      { host: "127.0.0.1", port },
      { mechanism: unprotected, timeout: 60 },
    );
    await client.logIn("ann", "secret");
    const options = { transfer: async () => {}, skip: () => {}, fail };
    const work = CASES[name]?.isTree
      ? downloadTree(client, ["top", join(folder, "here")], options)
      : client.list();
    await work.catch(fail);
    client.destroy();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // maxRSS is in KiB
  process.send?.({ peak: process.resourceUsage().maxRSS * 1024, outcome: outcomes.join(", ") });
  process.disconnect?.();
}

function* repeat(line: string, count = Number.POSITIVE_INFINITY): Generator<string> {
  for (let index = 0; index < count; index += 1) yield line;
}

function* nested(line: string, count: number): Generator<string> {
  yield "type=dir; folder";
  yield* repeat(line, count);
}

/** Joins `lines` to pieces that are worth sending. */
function* pieces(lines: Iterable<string>): Generator<string> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\r\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
