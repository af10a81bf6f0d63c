import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type Command,
  LINE_LIMIT,
  LineReader,
  parseCommand,
} from "../../../exercises/05-ftp/ftp/protocol/command.ts";
import { Refusal } from "../../../exercises/05-ftp/ftp/protocol/reply.ts";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { throws } from "../../support/rejects.ts";

const TOO_LONG = "too long";

/** Returns the lines in `pieces`. */
function read(...pieces: (string | number[] | Bytes)[]): string[] {
  const reader = new LineReader();
  const lines: string[] = [];
  for (const piece of pieces) {
    reader.feed(typeof piece === "string" ? encodeUtf8(piece) : new Uint8Array(piece));
    for (let line = reader.next(); line; line = reader.next())
      lines.push(line === "too long" ? TOO_LONG : Buffer.from(line).toString("latin1"));
    assert.ok(reader.isEmpty);
  }
  return lines;
}

test("LineReader: lines end with CR LF, or LF alone, wherever the pieces end", () => {
  assert.equal(read("USER a\r\nPASS b\nNO"), ["USER a", "PASS b"]);
  assert.equal(read("NO", "OP\r", "\n", "QUIT\r\n"), ["NOOP", "QUIT"]);
  assert.equal(read("\r\n\n"), ["", ""]);
  assert.equal(read("DELE a\rb\r\n"), ["DELE a\rb"]);
  assert.equal(read(...[..."STOR é\r\n"].flatMap((each) => [...encodeUtf8(each)].map((byte) => [byte]))), [
    "STOR Ã©",
  ]);
});

test("LineReader: returns a line of 2 KiB, reports a longer one once, and continues with the next", () => {
  const longest = "x".repeat(LINE_LIMIT);
  assert.equal(read(`${longest}\r\nNOOP\r\n`), [longest, "NOOP"]);
  assert.equal(read(`${longest}\n`), [longest]);
  assert.equal(read(`${longest}y\r\nNOOP\r\n`), [TOO_LONG, "NOOP"]);
  assert.equal(read(`${longest}y\nNOOP\r\n`), [TOO_LONG, "NOOP"]);
  assert.equal(read("x".repeat(1_000_000), "x".repeat(1_000_000), "\r\nNOOP\r\n"), [TOO_LONG, "NOOP"]);
});

test("LineReader: removes Telnet commands (RFC 854)", () => {
  // IAC IP, IAC DM
  assert.equal(read([0xff, 0xf4, 0xff, 0xf2, ...encodeUtf8("ABOR\r\n")]), ["ABOR"]);
  // as BSD's ftp sends it: the IAC of the mark is urgent, and does not arrive
  assert.equal(read([0xff, 0xf4, 0xf2, ...encodeUtf8("ABOR\r\n")]), ["ABOR"]);
  // IAC DO x, in the middle, byte by byte
  assert.equal(read("NO", [0xff], [0xfd], [0x06], "OP\r\n"), ["NOOP"]);
  for (const option of [0xfb, 0xfc, 0xfd, 0xfe])
    assert.equal(read([0xff, option, 0x0a], "NOOP\r\n"), ["NOOP"]);
  // IAC SB ... IAC SE, which has a line break and an escaped IAC in it
  assert.equal(read([0xff, 0xfa, 0x18, 0x0d, 0x0a, 0xff, 0xff, 0xff, 0xf0], "NOOP\r\n"), ["NOOP"]);
  assert.equal(read([0xff, 0xff, 0x41, 0x0a]), ["ÿA"]);
  // without an IP before it, the byte is text, as in U+90000
  assert.equal(read([0xf2, 0x90, 0x80, 0x80, 0x0a]), ["\u00f2\u0090\u0080\u0080"]);
});

test("LineReader: accepts ABOR whose LF is urgent and does not arrive (as Python's ftplib sends it)", () => {
  assert.equal(read("ABOR\r"), ["ABOR"]);
  assert.equal(read("ABOR\r", "NOOP\r\n"), ["ABOR", "NOOP"]);
  // and if it arrives after all
  assert.equal(read("ABOR\r", "\n", "NOOP\r\n"), ["ABOR", "NOOP"]);
  assert.equal(read("abor\r", "\nNOOP\r\n"), ["abor", "NOOP"]);
  assert.equal(read("ABOR\r\n", "\r\n"), ["ABOR", ""]);
  assert.equal(read("xABOR\r"), []);
  assert.equal(read("NOOP\r"), []);
});

test("LineReader.clear discards everything", () => {
  const reader = new LineReader();
  reader.feed(encodeUtf8("USER mall"));
  assert.is(reader.next(), undefined);
  reader.feed(encodeUtf8("ory\r\nPASS x\r\n"));
  reader.clear();
  assert.is(reader.next(), undefined);
  assert.ok(reader.isEmpty);
  reader.feed(encodeUtf8("NOOP\r\n"));
  assert.equal(reader.next(), encodeUtf8("NOOP"));
});

test("LineReader: any bytes, in any pieces, give the same lines, none too long and none with a line break", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom("\r\n", "\n", "\r", "ABOR\r\n", "NOOP\r\n").map(encodeUtf8),
    fc
      .constantFrom([0xff, 0xf4], [0xff, 0xf2], [0xf2], [0xff, 0xfa], [0xff, 0xf0])
      .map((each) => new Uint8Array(each)),
    fc.constant(new Uint8Array(2040).fill(0x41)),
  );
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 12 }),
      fc.array(fc.nat(600), { maxLength: 30 }),
      (parts, cuts) => {
        const whole = concat(parts.map((part) => new Uint8Array(part)));
        const pieces: Bytes[] = [];
        let rest = whole;
        for (const cut of cuts) {
          pieces.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        // an ABOR without its LF has tests of its own; there the end of a piece matters
        const early = (lines: string[]) => lines.filter((line) => !/^(?:abor)?\r*$/i.test(line));
        const lines = read(...pieces, rest);
        assert.equal(early(lines), early(read(whole)));
        for (const line of lines) assert.ok(line.length <= LINE_LIMIT && !line.includes("\n"));
      },
    ),
    { numRuns: 300 },
  );
});

const parse = (text: string): Command => parseCommand(encodeUtf8(text));

test("parseCommand: the verb in capitals, and everything behind the first space unchanged", () => {
  assert.equal(parse("noop"), { verb: "NOOP", argument: "" });
  assert.equal(parse("Retr  a b "), { verb: "RETR", argument: " a b " });
  assert.equal(parse('MKD "ü" 🌉'), { verb: "MKD", argument: '"ü" 🌉' });
  assert.equal(parse("LIST "), { verb: "LIST", argument: "" });
});

test("parseCommand refuses anything else with a reply", () => {
  const refuses = (line: string | number[], code: number) => {
    try {
      parseCommand(typeof line === "string" ? encodeUtf8(line) : new Uint8Array(line));
    } catch (error) {
      assert.instance(error, Refusal);
      if (error instanceof Refusal) assert.is(error.reply.code, code, JSON.stringify(line));
      return;
    }
    assert.unreachable(`${JSON.stringify(line)} was taken`);
  };
  for (const line of ["", " ", " NOOP", "NO", "NOOPS", "N0OP", "\u0000", "USERx a", "ÜSER a", "NOOP\t"])
    refuses(line, 500);
  refuses([0x80], 501);
});

test("parseCommand refuses CR, LF and NUL in an argument, and invalid UTF-8", () => {
  for (const character of ["\r", "\n", "\0"])
    throws(() => parse(`DELE a${character}b`), "CR, LF and NUL are not allowed.");
  for (const bytes of [[0xe9], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]])
    throws(() => parseCommand(new Uint8Array([...encodeUtf8("DELE "), ...bytes])), "Invalid UTF-8.");
});

test("parseCommand: any line is a command or a refusal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: LINE_LIMIT }), (bytes) => {
      try {
        const { verb, argument } = parseCommand(new Uint8Array(bytes));
        assert.match(verb, /^[A-Z]{3,4}$/);
        assert.not.match(argument, /[\r\n\0]/);
      } catch (error) {
        assert.instance(error, Refusal);
      }
    }),
  );
});

test.run();
