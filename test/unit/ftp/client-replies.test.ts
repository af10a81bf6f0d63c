/** The FTP client's input: replies, ports, paths, and listings. */
import { Buffer } from "node:buffer";
import process from "node:process";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { refused } from "../../../exercises/05-ftp/ftp/client/control-connection.ts";
import {
  ENTRIES_LIMIT,
  ENTRY_LINE_LIMIT,
  parseListLine,
  parseMachineLine,
  readListing,
} from "../../../exercises/05-ftp/ftp/protocol/listing.ts";
import {
  parseEpsvPort,
  parsePasvPort,
  parseQuotedPath,
  REPLY_LINE_LIMIT,
  REPLY_LINES_LIMIT,
  type Reply,
  ReplyParser,
} from "../../../exercises/05-ftp/ftp/protocol/reply.ts";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { rejects, throws } from "../../support/rejects.ts";

function parse(text: string): Reply[] {
  return new ReplyParser().push(encodeUtf8(text));
}

const REPLIES: [string, Reply[]][] = [
  ["220 ready\r\n", [{ code: 220, lines: ["ready"] }]],
  ["220 ready\n", [{ code: 220, lines: ["ready"] }]],
  ["226\r\n", [{ code: 226, lines: [""] }]],
  ["200 \r\n", [{ code: 200, lines: [""] }]],
  [
    "150 a\r\n226 b\r\n",
    [
      { code: 150, lines: ["a"] },
      { code: 226, lines: ["b"] },
    ],
  ],
  [
    "211-Features:\r\n MDTM\r\n 211 not the end\r\n212 nor this\r\n211-nor this\r\n211 End\r\n",
    [{ code: 211, lines: ["Features:", " MDTM", " 211 not the end", "212 nor this", "211-nor this", "End"] }],
  ],
];

test("ReplyParser: replies of one line and of several", () => {
  for (const [text, replies] of REPLIES) assert.equal(parse(text), replies, text);
});

test("ReplyParser: bytes that are not UTF-8 are kept apart, and are shown escaped", () => {
  const [reply] = new ReplyParser().push(Buffer.from("550 caf\xe9 \xff: no such file\r\n", "latin1"));
  if (!reply) throw new Error("no reply");
  assert.not.match(reply.lines.join(), /\ufffd/);
  assert.is(refused(reply).message, "the server says: 550 caf\\u{dce9} \\u{dcff}: no such file");
  assert.equal(parse("250 caf\u00e9 \ufffd\r\n")[0]?.lines, ["caf\u00e9 \ufffd"]);
});

test("ReplyParser: works in any pieces, and is idle only between replies", () => {
  for (const [text, replies] of REPLIES) {
    const parser = new ReplyParser();
    const found: Reply[] = [];
    assert.ok(parser.idle);
    for (const [index, byte] of encodeUtf8(text).entries()) {
      found.push(...parser.push(new Uint8Array([byte])));
      if (index === 0) assert.not.ok(parser.idle);
    }
    assert.equal(found, replies);
    assert.ok(parser.idle);
  }
});

test("ReplyParser: refuses anything else", () => {
  for (const text of ["HTTP/1.1 400\r\n", "\r\n", "99 x\r\n", "600 x\r\n", "2200 x\r\n", "220x\r\n"])
    throws(() => parse(text), "the server does not speak FTP: its reply has no code");
});

test("ReplyParser: limits lines and replies, and buffers no more", () => {
  const tooLong = `the server's reply has a line of more than ${REPLY_LINE_LIMIT} bytes`;
  const longest = `220 ${"x".repeat(REPLY_LINE_LIMIT - 4)}`;
  assert.is(parse(`${longest}\n`).length, 1);
  throws(() => parse(`${longest}x\n`), tooLong);
  throws(() => parse(`${longest}x`), tooLong);
  const lines = "x\n".repeat(REPLY_LINES_LIMIT - 2);
  assert.is(parse(`211-\n${lines}211 \n`).length, 1);
  throws(
    () => parse(`211-\n${lines}x\n211 \n`),
    `the server's reply has more than ${REPLY_LINES_LIMIT} lines`,
  );
});

test("ReplyParser: any bytes are replies or an error", () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.constantFrom("220 ", "220-", "\r\n", "211-a\r\n", "211 ", "\n").map(encodeUtf8),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const parser = new ReplyParser();
      try {
        for (const each of pieces)
          for (const { code } of parser.push(new Uint8Array(each))) assert.ok(code >= 100 && code <= 599);
      } catch (error) {
        assert.match(String(error), /^Error: the server/);
      }
    }),
  );
});

test("parseEpsvPort, parsePasvPort: return the port, and ignore the address", () => {
  assert.is(parseEpsvPort("Entering Extended Passive Mode (|||6446|)"), 6446);
  assert.is(parseEpsvPort("(!!!65535!)"), 65535);
  for (const text of ["", "(|||0|)", "(|||65536|)", "(|||6446)", "(|1|::1|6446|)", "(||!6446|)"])
    assert.is(parseEpsvPort(text), undefined, text);
  assert.is(parsePasvPort("Entering Passive Mode (9,9,9,9,25,46)."), 6446);
  assert.is(parsePasvPort("=127,0,0,1,255,255"), 65535);
  for (const text of ["", "(1,2,3,4,0,0)", "(1,2,3,4,256,1)", "(1,2,3,4,5)"])
    assert.is(parsePasvPort(text), undefined, text);
});

test("parseQuotedPath: quotation marks are doubled", () => {
  assert.is(parseQuotedPath('"/a ""b""" is where you are'), '/a "b"');
  assert.is(parseQuotedPath('""'), "");
  for (const text of ["/a", '"/a', 'x "/a"']) assert.is(parseQuotedPath(text), undefined, text);
});

test("parseMachineLine: facts in any order and case; a name may have spaces, semicolons and equals signs", () => {
  assert.equal(parseMachineLine("type=file;size=12;modify=20200102030405.678; a; b = c"), {
    name: "a; b = c",
    kind: "file",
    size: 12,
    modified: new Date("2020-01-02T03:04:05.678Z"),
  });
  assert.equal(parseMachineLine("Modify=19700101000000;TYPE=Dir;  x"), {
    name: " x",
    kind: "folder",
    size: undefined,
    modified: new Date(0),
  });
  assert.is(parseMachineLine("type=OS.unix=slink:/etc/passwd; link")?.kind, "other");
  for (const type of ["cdir", "pdir"]) assert.is(parseMachineLine(`type=${type}; .`), undefined);
  for (const size of ["-1", "1e3", "99999999999999999", ""])
    assert.is(parseMachineLine(`type=file;size=${size}; x`)?.size, undefined, size);
  const vague = ["size=5; x", "type=; x", " x", "type; x", "=file; x", "type=file;size; x"];
  for (const line of [
    "",
    "type=file;",
    "type=file; ",
    " type=file;size=5;modify=20200102030405; a",
    ...vague,
  ])
    throws(() => parseMachineLine(line), "malformed line in the server's listing");
});

test("parseListLine: as ls -l prints it, and MS-DOS", () => {
  const kinds: [string, string, string, number | undefined][] = [
    ["-rw-r--r--    1 0        0             300 Nov 21 03:05 b.bin", "b.bin", "file", 300],
    ["-rw-r--r--   1 ftp ftp   12 Jan  1  1970  a b ", " a b ", "file", 12],
    ["-rw-rw-rw- 1 owner 10 2020-01-02 03:04 x", "x", "file", 10],
    ["drwxrwxr-t+   2 a b 4096 Dec 31 23:59 d", "d", "folder", undefined],
    ["lrwxrwxrwx 1 a b 4 Dec 31 23:59 to -> /etc", "to", "other", undefined],
    ["crw-rw-rw- 1 a b 1 Dec 31 23:59 null", "null", "other", undefined],
    ["brw-rw---- 1 root disk 8, 0 Mar 13 09:05 sda", "sda", "other", undefined],
    ["-rw-r--r-- 1 foo domain users 1234 Jan 21 12:00 file.txt", "file.txt", "file", 1234],
    ["-rw-r--r-- 1 a b c d 5 Jan 21 12:00 -rw 1 a 6 Jan 22 13:00 x", "-rw 1 a 6 Jan 22 13:00 x", "file", 5],
    ["-rw-r--r-- 1 a b 531 29 Jan 03:26 x", "x", "file", 531],
    ["-rw-r--r-- 1 a b 531 Mär 2 2000 x", "x", "file", 531],
    ["-rw-r--r-- 1 a b 10 2020-01-02 03:04:05.000000000 +0100 x y", "x y", "file", 10],
    ["01-02-20  03:04PM       <DIR>          d e", "d e", "folder", undefined],
    ["01-02-2020  03:04                 12 f", "f", "file", 12],
  ];
  for (const [line, name, kind, size] of kinds)
    assert.equal(parseListLine(line), { name, kind, size, modified: undefined }, line);
  const totals = ["total 12", "total 12K", "total 0 ", "insgesamt 12", "total 1.2M"];
  for (const line of [...totals, "drwxr-xr-x 2 a b 4096 Dec 31 23:59 ..", "01-02-20  03:04PM <DIR> ."])
    assert.is(parseListLine(line), undefined);
  for (const line of ["", "hello", "hello 12 x", "-rw-r--r-- 1 a b x Dec 31 23:59 y"])
    throws(() => parseListLine(line), "malformed line in the server's listing");
});

test("parseListLine: takes linear time", () => {
  const head = "-rw-r--r-- 1 a b ";
  for (const part of [" ", "a ", "1 ", "1, ", "1 Jan ", "1 Jan 1 ", "1 Jan 1 12:00 +", " -> "]) {
    const [short = 0, long = 0] = [1000, 100_000].map((length) => {
      const line = head + part.repeat(length / part.length);
      const before = process.cpuUsage();
      for (let run = 0; run < 2_000_000 / length; run += 1)
        try {
          parseListLine(line);
        } catch {}
      return process.cpuUsage(before).user;
    });
    assert.ok(long < 20 * short + 100_000, `${JSON.stringify(part)}: ${short} and ${long} µs`);
  }
});

async function* stream(...pieces: (string | Bytes)[]): AsyncGenerator<Bytes> {
  for (const piece of pieces) yield typeof piece === "string" ? encodeUtf8(piece) : piece;
}

test("readListing: counts unreadable lines, and returns the rest", async () => {
  const latin = concat([encodeUtf8("type=file; caf"), new Uint8Array([0xe9]), encodeUtf8("\r\n")]);
  const listing = await readListing(
    stream("type=file;size=1; a\r\n", latin, "nonsense\r\n\r\ntype=cdir; .\r\ntype=", "dir; b"),
    parseMachineLine,
  );
  assert.equal(
    listing.entries.map(({ name }) => name),
    ["a", "b"],
  );
  assert.is(listing.unreadable, 2);
});

test("readListing: limits the length and the number of lines, and their bytes", async () => {
  const line = `type=file; ${"x".repeat(ENTRY_LINE_LIMIT - 11)}`;
  assert.is((await readListing(stream(`${line}\r\n`), parseMachineLine)).entries.length, 1);
  await rejects(
    readListing(stream(`${line}x\n`), parseMachineLine),
    /^a line of the server's listing is too long/,
  );
  async function* endless() {
    const piece = encodeUtf8("\n".repeat(1000));
    for (;;) yield piece;
  }
  await rejects(
    readListing(endless(), parseMachineLine),
    `the server's listing has more than ${ENTRIES_LIMIT} lines`,
  );
  async function* long() {
    const piece = encodeUtf8(`${line}\n`);
    for (;;) yield piece;
  }
  await rejects(readListing(long(), parseMachineLine), "the server's listing is longer than 64 MiB");
  await rejects(
    readListing(long(), parseMachineLine, 10_000),
    "the server's listing is longer than 10000 bytes",
  );
});

test.run();
