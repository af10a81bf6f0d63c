import { Buffer } from "node:buffer";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { type Capture, describePlace, streamsOf } from "../capture/capture.ts";
import { knownForms } from "../capture/known.ts";
import { captured, noise, OTHER, TEXT } from "../samples/captures.ts";
import { findClear } from "./clear.ts";
import { viewsOf } from "./decodings.ts";

const UNICODE = `Grüße an die Möwe 🌉, ${TEXT}`;
const utf8 = encodeUtf8(TEXT);
const base64 = Buffer.from(TEXT).toString("base64");
const frame = (payload: Bytes) => concat([Uint8Array.of(0, 0, 0, payload.length), payload]);
const python = (bytes: Bytes) =>
  Array.from(bytes, (byte) =>
    byte > 31 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
// pickle.dumps([ord(c) for c in TEXT], 4), by its opcodes: BININT1 for each, MARK and APPENDS
// around
const pickle = concat([
  Uint8Array.of(0x80, 4, 0x5d, 0x94, 0x28),
  ...Array.from(utf8, (byte) => Uint8Array.of(0x4b, byte)),
  Uint8Array.of(0x65, 0x2e),
]);

const SENT: [name: string, sent: (Bytes | string)[]][] = [
  ["as it is", [noise(1, 20), TEXT, noise(2, 20)]],
  ["one byte a piece", Array.from(utf8, (byte) => Uint8Array.of(byte))],
  ["one letter a line", [Array.from(TEXT, (c) => `${c}\n`).join("")]],
  [
    "one letter behind a header each",
    Array.from(TEXT, (c) => `LEN:${"0".repeat(1 + (c.charCodeAt(0) % 3))};${c}`),
  ],
  ["one letter a frame", [concat(Array.from(utf8, (byte) => frame(Uint8Array.of(byte))))]],
  ["three letters a frame", [concat((TEXT.match(/.{1,3}/g) ?? []).map((part) => frame(encodeUtf8(part))))]],
  ["UTF-16", [new Uint8Array(Buffer.from(TEXT, "utf16le"))]],
  ["UTF-16, big-endian", [new Uint8Array(Buffer.from(TEXT, "utf16le").swap16())]],
  ["UTF-32", [concat(Array.from(utf8, (byte) => Uint8Array.of(0, 0, 0, byte)))]],
  ["backwards", [[...TEXT].reverse().join("")]],
  ["upper case", [TEXT.toUpperCase()]],
  ["base64", [base64]],
  ["base64 in lines", [(base64.match(/.{1,76}/g) ?? []).join("\r\n")]],
  ["base64 behind a digit", [`4${base64}`]],
  ["base64 of base64", [Buffer.from(base64).toString("base64")]],
  ["base64url, unpadded", [Buffer.from(`~~~???${TEXT}`).toString("base64url")]],
  ["base32", [`code: ${base32(utf8)}\n`]],
  // by Python's base64 module
  [
    "base85",
    [
      "RA^-&V{dS9WpW^EWps3GWgv5DZfA2KVRRsKWp-t5EFfWSWFT&DAa8DEAZ}%0av*eQWguu_a$;|Fav*DNZ+CMbcW8M#AYyW9Zf77gG9YYWZggdGZgVUkVIXpEaAhnYVQyp~Zf_uQb!BsOX>V?GE&\n",
    ],
  ],
  [
    "Ascii85, as Adobe frames it",
    [
      "x <~<+ohc@rH=*ATAo/ATW$1AKZ&.DJ+#5@<<W5AThX&/0JA=A0>c.+E)./+Dtb!EZfI;AKYYpEais0EZf.8Dg-7FGA)7`+C]A*DJ((K1*CCADKKH1DK@?O@3BT/E+LRC@;]TuDJpY;F_,W9Bl@m1/c~>",
    ],
  ],
  [
    "Z85",
    [
      "ra]?=v@Ds9wPw]ewPS3gwGV5dzFa2kvrrSkwP?T5efFwswft=daA8deaz$+0AV/EqwGUU{A:&%fAV/dnz*cmBCw8m-ayYw9zF77Gg9yywzGGDgzGvuKvixPeAaHNyvqYP#zF{UqB.bSox(v)ge=",
    ],
  ],
  ["hexadecimal", [Buffer.from(TEXT).toString("hex")]],
  [
    "hexadecimal, upper case, with colons",
    [(Buffer.from(TEXT).toString("hex").toUpperCase().match(/../g) ?? []).join(":")],
  ],
  ["hexadecimal with 0x", [Array.from(utf8, (byte) => `0x${byte.toString(16)}`).join(", ")]],
  ["a list of numbers", [JSON.stringify([...utf8])]],
  ["numbers, one a line", [[...utf8].join("\n")]],
  ["three digits a byte", [Array.from(utf8, (byte) => String(byte).padStart(3, "0")).join("")]],
  ["binary digits", [Array.from(utf8, (byte) => byte.toString(2).padStart(8, "0")).join(" ")]],
  ["one large number", [`c=${BigInt(`0x${Buffer.from(TEXT).toString("hex")}`)}`]],
  ["one large number, little-endian", [`c=${BigInt(`0x${Buffer.from(TEXT).reverse().toString("hex")}`)}`]],
  ["a pickle of numbers", [pickle]],
  ["percent-encoding", [encodeURIComponent(TEXT)]],
  ["Python's repr", [`b'${python(encodeUtf8("é\n"))}${python(utf8)}'`]],
  ["base64 in a JSON string with escapes", [JSON.stringify({ message: `\n\t${base64}` })]],
  ["zlib", [noise(1, 30), new Uint8Array(deflateSync(TEXT))]],
  ["gzip in base64", [gzipSync(TEXT).toString("base64")]],
  ["raw deflate", [new Uint8Array(deflateRawSync(TEXT))]],
  ["a part of it", [noise(1, 30), TEXT.slice(20, 60)]],
];

for (const [name, sent] of SENT) {
  test(`findClear reads ${name}`, () => {
    const proofs = find(captured(sent, [noise(3, 100)]), [OTHER, TEXT]);
    assert.ok(proofs.length > 0, "nothing was found");
    assert.is(proofs[0]?.text, 1);
    assert.is(proofs[0]?.kind, "clear");
    assert.ok((proofs[0]?.recovered.length ?? 0) >= 40);
  });
}

test("findClear reads escapes of Unicode", () => {
  const escaped = JSON.stringify(UNICODE).replace(
    /[^\0-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  assert.is(find(captured([escaped]), [UNICODE])[0]?.recovered, UNICODE);
  assert.is(find(captured([encodeURIComponent(UNICODE)]), [UNICODE])[0]?.recovered, UNICODE);
});

test("findClear reads over connections, and in files", () => {
  const pieces = Array.from(utf8, (byte, at) => ({
    connection: 1 + (at % 2),
    direction: "client to server" as const,
    at,
    bytes: Uint8Array.of(byte),
  }));
  const [proof] = find({ pieces, files: [] }, [TEXT]);
  assert.is(proof?.recovered, TEXT);
  assert.is(proof?.where.length, TEXT.length);
  const [shared] = find({ pieces: [], files: [{ name: "log.txt", bytes: utf8 }] }, [TEXT]);
  assert.is(
    describePlace(shared?.where[0] ?? { session: 0, file: "", offset: 0, length: 0 }),
    `bytes 0 to ${utf8.length - 1} of the file log.txt`,
  );
});

test("findClear says where the bytes were, before they were decoded", () => {
  const sent = `{"to": "me", "message": "${base64}"}`;
  const [proof] = find(captured([noise(1, 7), sent]), [TEXT]);
  const [place] = proof?.where ?? [];
  const offset = 7 + sent.indexOf(base64);
  assert.is(place?.offset, offset);
  assert.ok(Math.abs((place?.length ?? 0) - base64.length) <= 2);
});

test("findClear finds a short text whole, but no part of it, and none that repeats itself", () => {
  assert.is(find(captured([noise(1, 50), "Hello, Bob!"]), ["Hello, Bob!"]).length, 1);
  assert.equal(find(captured(["Hello, Bo"]), ["Hello, Bob!"]), []);
  assert.equal(find(captured(["aaaaaaaaaaaaaaaaaaaaaa"]), ["aaaaaaaaaaaa"]), []);
  assert.equal(find(captured(["hello"]), ["hello"]), []);
});

test("findClear takes 23 bytes of a text for a coincidence", () => {
  assert.equal(find(captured([noise(1, 9), TEXT.slice(0, 23), noise(2, 9)]), [TEXT]), []);
  assert.is(find(captured([noise(1, 9), TEXT.slice(0, 24), noise(2, 9)]), [TEXT]).length, 1);
});

function find(capture: Capture, texts: string[]) {
  const budget = new Budget();
  const views = streamsOf(capture).flatMap((stream) => viewsOf(stream, budget));
  return findClear(views, knownForms(texts), budget).toSorted((a, b) => b.bits - a.bits);
}

function base32(bytes: Bytes): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)])
    .join("");
}

test.run();
