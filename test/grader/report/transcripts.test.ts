/** Transcripts and captures: everything that passed is in them, and Wireshark agrees. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { askPython, hasPython } from "../../support/python.ts";
import type { SessionEvent } from "../model/events.ts";
import { captureOf } from "./capture.ts";
import { fileNameOf } from "./file-name.ts";
import { saveTranscripts } from "./save-transcripts.ts";
import { findDifferences, transcriptLines } from "./transcript.ts";

const TSHARK = "/usr/bin/tshark";
const testWithTshark = existsSync(TSHARK) ? test : test.skip;
const testWithPython = hasPython ? test : test.skip;
const STARTED = Date.UTC(2030, 2, 4, 9, 15);
const NONE: Bytes = new Uint8Array();
const LONG = new Uint8Array(5000).map((_, index) => index % 251);

const flipped = encodeUtf8("attack at dawn, bring 12 horses");
flipped[22] = 0x39;

const FIRST: SessionEvent[] = [
  { at: 1, type: "file", side: "server", name: "public.pem", bytes: encodeUtf8("-----BEGIN") },
  { at: 4, type: "connect", connection: 1, port: 10001, address: "127.0.0.1", from: 40000, client: 1 },
  { at: 5, type: "data", connection: 1, direction: "server to client", bytes: LONG, passed: LONG },
  {
    at: 6.6,
    type: "data",
    connection: 1,
    direction: "client to server",
    bytes: encodeUtf8("attack at dawn, bring 12 horses"),
    passed: flipped,
  },
  {
    at: 7,
    type: "data",
    connection: 1,
    direction: "client to server",
    bytes: NONE,
    passed: encodeUtf8("INJECTED"),
  },
  {
    at: 8,
    type: "data",
    connection: 1,
    direction: "client to server",
    bytes: encodeUtf8("DROPPED"),
    passed: NONE,
  },
  { at: 9, type: "printed", side: "server", program: 1, stream: "stdout", text: "got \u001b[2J\nFAKE\n" },
  { at: 10, type: "end", connection: 1, direction: "client to server" },
  { at: 11, type: "end", connection: 1, direction: "server to client" },
  { at: 12, type: "exit", side: "server", program: 1, ending: { status: 0, stopReason: undefined } },
  { at: 12, type: "exit", side: "client", program: 2, ending: { status: undefined, stopReason: "output" } },
];
const SECOND: SessionEvent[] = [
  { at: 0, type: "connect", connection: 1, port: 5000, address: "::1", from: 40001, client: undefined },
  {
    at: 1,
    type: "data",
    connection: 1,
    direction: "client to server",
    bytes: NONE,
    passed: encodeUtf8("GET / v6"),
  },
  { at: 2, type: "reset", connection: 1, direction: "server to client" },
  { at: 3, type: "connect", connection: 2, port: 5000, address: "::1", from: 40002, client: 1 },
  {
    at: 4,
    type: "data",
    connection: 2,
    direction: "client to server",
    bytes: encodeUtf8("to no server"),
    passed: NONE,
  },
  {
    at: 5,
    type: "data",
    connection: 2,
    direction: "server to client",
    bytes: NONE,
    passed: encodeUtf8("played"),
  },
];
const EXCHANGES = [
  { title: "flipped\nX", events: FIRST, started: STARTED },
  { title: "dialled and played", events: SECOND, started: STARTED + 60_000 },
];

let folder = "";
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "transcripts-"));
});
test.after(() => rmSync(folder, { recursive: true }));

test("a transcript shows every byte, what was changed, and what was printed", () => {
  const lines = [...transcriptLines(EXCHANGES)];
  const text = lines.join("\n");
  for (const part of [
    "═══ 1 of 2: flipped\\nX\n",
    "   0.004 s  connection 1: client 1 connects from port 40000 to 127.0.0.1 port 10001\n",
    "   0.005 s  connection 1, server to client: 5,000 bytes\n",
    "   0.007 s  connection 1, client to server: 31 bytes received, other bytes forwarded\n            as received:\n",
    "            00000010 62 72 69 6e 67 20[31]32 20 68",
    "            as forwarded, 31 bytes:\n",
    "            00000010 62 72 69 6e 67 20[39]32 20 68",
    "   0.007 s  connection 1, client to server: 8 bytes, sent by the grader\n            00000000 49 4e 4a",
    "7 bytes received, nothing forwarded\n",
    "   0.009 s  server 1 prints on stdout:\n            | got \\u{1b}[2J\n            | FAKE\n",
    "   0.012 s  client 2 was stopped by the grader: it printed too much\n",
    "   0.001 s  server's file public.pem reaches the other side, 10 bytes\n",
    "   0.000 s  connection 1: the grader connects from port 40001 to ::1 port 5000\n",
  ])
    assert.ok(text.includes(part), part);
  assert.is(lines.filter((line) => /^ {12}0000[0-9a-f]{4}[ [] */.test(line)).length, 313 + 2 * 2 + 6);
  assert.not.match(text.replaceAll("\n", ""), /\p{Cc}/u);
});

test("findDifferences gives ranges, to the end of the longer one", () => {
  assert.equal(findDifferences(encodeUtf8("abcdef"), encodeUtf8("abXYefgh")), [
    [2, 4],
    [6, 8],
  ]);
  assert.equal(findDifferences(NONE, NONE), []);
});

test("saveTranscripts writes both files, under a name that leads nowhere else", async () => {
  const check = { task: "part2", id: "../../x", title: "t", repeat: "npm run grade" };
  await saveTranscripts(join(folder, "new/deep"), check, EXCHANGES);
  const names = readdirSync(join(folder, "new/deep")).sort();
  assert.is(names.length, 2);
  assert.match(names.join(), /^part2-x~[0-9a-f]{16}\.pcapng,part2-x~[0-9a-f]{16}\.txt$/);
  assert.match(
    readFileSync(join(folder, "new/deep", names[1] ?? ""), "utf8"),
    /^part2\/\.\.\/\.\.\/x: t\nagain: npm/,
  );
});

test("fileNameOf keeps harmless names, and tells all others apart", () => {
  for (const name of ["part2.unaltered", "Müller, Jörg (2)", "zoë_日本", "x.py"])
    assert.is(fileNameOf(name), name);
  const others = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a\nb",
    ".hidden",
    "con",
    "NUL.txt",
    "x ",
    "x.",
    "a~b",
    "-x",
    "x".repeat(61),
  ];
  const names = others.map(fileNameOf);
  for (const name of names) assert.match(name, /^[\w-]{0,40}~[0-9a-f]{16}$/);
  assert.is(new Set(names).size, others.length);
});

const READ_BLOCKS = `
import json, struct, sys
data, at, blocks = sys.stdin.buffer.read(), 0, []
while at < len(data):
    kind, length = struct.unpack_from("<II", data, at)
    assert length % 4 == 0 and struct.unpack_from("<I", data, at + length - 4)[0] == length
    blocks.append(kind); at += length
json.dump(blocks, sys.stdout)
`;

testWithPython("a capture is a row of blocks, each with its length before and behind", () => {
  const blocks = askPython<number[]>(READ_BLOCKS, captureOf(EXCHANGES));
  assert.equal(blocks.slice(0, 3), [0x0a0d0d0a, 1, 1]);
  assert.ok(blocks.slice(3).every((kind) => kind === 6));
});

function tshark(args: string[]): string[][] {
  const file = join(folder, "part2.unaltered.pcapng");
  const output = execFileSync(TSHARK, ["-n", "-r", file, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return output
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
}

const fields = (names: string) => ["-T", "fields", ...names.split(" ").flatMap((name) => ["-e", name])];

testWithTshark("tshark reads a capture: order, checksums, time, both sides, comments", async () => {
  await saveTranscripts(folder, { task: "part2", id: "unaltered", title: "t", repeat: "r" }, EXCHANGES);
  const rows = tshark([
    ...["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"],
    ...fields(
      "frame.time_epoch frame.interface_name tcp.checksum.status ip.checksum.status tcp.analysis.flags _ws.malformed",
    ),
  ]);
  const times = rows.map(([time]) => Number(time));
  assert.equal(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.is(times[0], STARTED / 1000 + 0.004);
  assert.equal(
    [...new Set(rows.map(([, name]) => name))],
    ["client side of the wiretap", "server side of the wiretap"],
  );
  for (const [, , tcp, ip, analysis, malformed] of rows) {
    // 1 is good; IPv6 has none of its own
    assert.is(tcp, "1");
    assert.ok(["1", "", undefined].includes(ip), ip);
    assert.is(analysis ?? "", "");
    assert.is(malformed ?? "", "");
  }
  const comments = tshark([...fields("frame.comment"), "-Y", "frame.comment"]).flat();
  assert.ok(
    comments.includes("altered by the grader: 31 bytes received, 31 forwarded, first difference at byte 22"),
  );
  assert.ok(comments.includes("sent by the grader"));
});

testWithTshark("tshark follows both sides, with the received and the forwarded bytes", () => {
  const sides = tshark([...fields("tcp.stream ip.src ip.dst ipv6.src tcp.payload"), "-Y", "tcp.len > 0"]);
  const payload = (stream: string, from: string) =>
    sides
      .filter(([id, source, , source6]) => id === stream && (source === from || source6 === from))
      .map(([, , , , hex = ""]) => Buffer.from(hex, "hex").toString("latin1"))
      .join("");
  const long = Buffer.from(LONG).toString("latin1");
  assert.is(payload("0", "10.0.1.1"), "attack at dawn, bring 12 horsesDROPPED");
  assert.is(payload("0", "10.0.1.2"), long);
  assert.is(payload("1", "10.0.1.2"), "attack at dawn, bring 92 horsesINJECTED");
  assert.is(payload("1", "10.0.1.3"), long);
  assert.is(payload("2", "fd00::2:2"), "GET / v6");
  assert.is(payload("3", "fd00::2:1"), "to no server");
  assert.is(payload("3", "fd00::2:2"), "played");
  assert.is(new Set(sides.map(([id]) => id)).size, 4);
});

test.run();
