import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  parseEprt,
  parseEpsv,
  parseModeAndName,
  parseOffset,
  parsePort,
  parseTimeAndName,
  parseType,
  splitWord,
  withoutOptions,
} from "../../../exercises/05-ftp/ftp/protocol/arguments.ts";
import { formatTime, parseTime } from "../../../exercises/05-ftp/ftp/protocol/listing.ts";
import { Refusal } from "../../../exercises/05-ftp/ftp/protocol/reply.ts";

/** Fails unless `run` refuses with `code`. */
function refuses(run: () => unknown, code: number, what: string): void {
  let reply: Refusal["reply"] | undefined;
  try {
    run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reply = error.reply;
  }
  assert.is(reply?.code, code, what);
}

test("parsePort: six octets, and a port from 1024", () => {
  assert.equal(parsePort("127,0,0,1,4,0"), { host: "127.0.0.1", port: 1024 });
  assert.equal(parsePort("10,1,2,3,255,255"), { host: "10.1.2.3", port: 65_535 });
  for (const text of [
    ...["", "1,2,3,4,5", "1,2,3,4,5,6,7", "256,0,0,1,4,0", "1,2,3,4,256,0", "1,2,3,4,-4,0", " 1,2,3,4,4,0"],
    ...[
      "1,2,3,4,4,0 ",
      "a,b,c,d,e,f",
      "1.2.3.4,4,0",
      "1,2,3,4,3,255",
      "1,2,3,4,0,21",
      "1,2,3,4,0,0",
      "0001,2,3,4,4,0",
    ],
  ])
    refuses(() => parsePort(text), 501, text);
});

test("parseEprt: an address of IPv4 or IPv6, between whatever divides them (RFC 2428 §2)", () => {
  assert.equal(parseEprt("|1|132.235.1.2|6275|"), { host: "132.235.1.2", port: 6275 });
  assert.equal(parseEprt("|2|1080::8:800:200C:417A|5282|"), { host: "1080::8:800:200C:417A", port: 5282 });
  assert.equal(parseEprt("!1!127.0.0.1!1024!"), { host: "127.0.0.1", port: 1024 });
  for (const text of [
    ...[
      "",
      "|1|127.0.0.1|6275",
      "1|127.0.0.1|6275|",
      "|1|::1|6275|",
      "|2|127.0.0.1|6275|",
      "|1|127.0.0.1|80|",
    ],
    ...["|1|127.0.0.1|65536|", "|1|localhost|6275|", "|1||6275|", "|1|127.0.0.1|6275||", "|1|127.1|6275|"],
  ])
    refuses(() => parseEprt(text), 501, text);
  refuses(() => parseEprt("|3|127.0.0.1|6275|"), 522, "family 3");
});

test("parseEpsv: a family, ALL, or nothing", () => {
  assert.equal(["", "1", "2", "ALL", "all"].map(parseEpsv), [undefined, 4, 6, "all", "all"]);
  refuses(() => parseEpsv("3"), 522, "3");
  for (const text of ["x", "1 ", "ALLES"]) refuses(() => parseEpsv(text), 501, text);
});

test("parseOffset: a number that is exact", () => {
  assert.equal(["0", "007", "9007199254740991"].map(parseOffset), [0, 7, Number.MAX_SAFE_INTEGER]);
  for (const text of ["", "-1", "+1", "1e3", "1.5", " 1", "9007199254740992", "99999999999999999999"])
    refuses(() => parseOffset(text), 501, text);
});

test("parseType", () => {
  for (const text of ["A", "a", "A N", "AN", "an"]) assert.is(parseType(text), "A", text);
  for (const text of ["I", "i", "L 8", "L8", "l8"]) assert.is(parseType(text), "I", text);
  for (const text of ["E", "E N", "EN", "A T", "AC", "L 7", "L7", "L 36"])
    refuses(() => parseType(text), 504, text);
  for (const text of ["", "X", "A  N", "I I", "IN", "L", "L88888"]) refuses(() => parseType(text), 501, text);
});

test("parseTimeAndName", () => {
  const { time, name } = parseTimeAndName("20240229235958 a b ");
  assert.equal([time.toISOString(), name], ["2024-02-29T23:59:58.000Z", "a b "]);
  for (const text of [
    "",
    "20240229235958",
    "20240229235958 ",
    "20240229 a",
    "a 20240229235958",
    "20230229000000 a",
  ])
    refuses(() => parseTimeAndName(text), 501, text);
});

test("parseModeAndName", () => {
  assert.equal(parseModeAndName("640 a b"), { mode: 0o640, name: "a b" });
  assert.equal(parseModeAndName("0755 x"), { mode: 0o755, name: "x" });
  for (const text of ["", "640", "640 ", "888 a", "4755 a", "64 a", "u+x a"])
    refuses(() => parseModeAndName(text), 501, text);
});

test("splitWord, and the options of ls that change nothing", () => {
  assert.equal(splitWord("mlst type;size;"), { word: "MLST", rest: "type;size;" });
  assert.equal(splitWord(""), { word: "", rest: "" });
  assert.equal(["-a", "-la x", "-a -l x y", "x -a", "-", "", "-x-"].map(withoutOptions), [
    ...["", "x", "x y", "x -a", "-", "", "-x-"],
  ]);
});

test("parseTime and formatTime are each other's inverse, in UTC", () => {
  assert.is(formatTime(new Date("2026-01-02T03:04:05.678Z")), "20260102030405");
  assert.is(parseTime("20260102030405.25")?.toISOString(), "2026-01-02T03:04:05.250Z");
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
      (date) => {
        assert.is(parseTime(formatTime(date))?.getTime(), Math.floor(date.getTime() / 1000) * 1000);
      },
    ),
  );
  for (const text of [
    "",
    "2026",
    "20261301000000",
    "20260230000000",
    "20260101240000",
    "20260101000060",
    "2026010100000x",
    "00000101000000",
  ])
    assert.is(parseTime(text), undefined, text);
});

test("any argument is taken or refused, by each parser", () => {
  const parsers = [
    parsePort,
    parseEprt,
    parseEpsv,
    parseOffset,
    parseType,
    parseTimeAndName,
    parseModeAndName,
  ];
  const likely = fc.stringMatching(/^[0-9,|.:A-Za-z -]{0,60}$/);
  fc.assert(
    fc.property(fc.oneof(likely, fc.string()), fc.constantFrom(...parsers), (text, parser) => {
      try {
        parser(text);
      } catch (error) {
        assert.instance(error, Refusal);
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();
