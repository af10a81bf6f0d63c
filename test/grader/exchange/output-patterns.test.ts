import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { count, looksGarbled, OutputPatterns } from "./output-patterns.ts";

const TEXT = "fidoke mulaso pevita nogeru zabiko tulame";
const THIRD = "wibano ketuso mipela rofudi sacegu nolite";
const OTHER = "gorati besumo lakivu dopena ferizo mahuti";

/** What `output` shows in the place of the text, by programs that show it as in `plain`, where § stands for it. */
function observation(baseline: string, output: string, wire = "") {
  const patterns = new OutputPatterns([{ text: OTHER, output: baseline.replaceAll("§", OTHER) }]);
  return patterns.observe(output.replaceAll("§", TEXT), TEXT, wire);
}

test("Ways.shown finds the genuine text", () => {
  assert.equal(observation("Received: §\n", "Received: §\n"), { kind: "unchanged" });
  assert.equal(observation("§\n", "hello\n§\n"), { kind: "unchanged" });
  assert.equal(
    observation("[12:01:59] ('127.0.0.1', 40312) says b'§'\n", "[8:00:00] ('127.0.0.1', 9) says b'§'\n"),
    {
      kind: "unchanged",
    },
  );
  assert.equal(observation("key 8f3a2b1c9d0e77aa55: §\n", "key 0011223344556677ff: §\n"), {
    kind: "unchanged",
  });
});

test("Ways.shown finds one letter that is another", () => {
  const altered = TEXT.replace("pevita", "pfvita");
  assert.equal(observation("Received: §\n", `Received: ${altered}\n`), { kind: "altered", value: altered });
  assert.equal(observation("§\n", `${altered}\n`), { kind: "altered", value: altered });
});

test("Ways.shown finds a garbled block in a text that is otherwise right", () => {
  const garbled = `${TEXT.slice(0, 16)}\u0003\ufffd\u001f\ufffd\u007f\ufffd!${TEXT.slice(32)}`;
  assert.is(observation("Message: §\n", `Message: ${garbled}\n`).kind, "altered");
});

test("Ways.shown finds a text that was cut", () => {
  assert.equal(observation("Message: '§'\n", `Message: '${TEXT.slice(0, 13)}'\n`), {
    kind: "truncated",
    value: TEXT.slice(0, 13),
  });
});

test("Ways.shown finds garbage in the place of the text", () => {
  const garbage = "\ufffd\u0007J\ufffd\u0081\ufffdq\u0013\ufffd\ufffd\u0002";
  assert.equal(observation("Message: §\n", `Message: ${garbage}\n`), { kind: "garbled", value: garbage });
  assert.is(observation("Message: b'§'\n", "Message: b'\\x8f\\xa2k\\x03\\x99\\xe1\\x17'\n").kind, "garbled");
});

test("Ways.shown takes no refusal for a text", () => {
  for (const output of [
    "",
    "Received: \n",
    "Received: None\n",
    "Received: signature invalid\n",
    "Received: Nachricht ungültig, abgelehnt\n",
    'Traceback (most recent call last):\n  File "server.py", line 30\ncryptography.fernet.InvalidToken\n',
    "error: the message is refused: it was altered on the way\n",
    // the genuine text, with a remark that is not there in the plain run
    "Received: § (signature is WRONG)\n",
    "Rejected message: §\n",
  ])
    assert.equal(observation("Received: §\n", output), { kind: "nothing" }, output);
});

test("Ways.shown takes no error for a text where texts have a line of their own", () => {
  for (const output of [
    "ValueError: invalid literal for int() with base 10: b'\\x8f\\xa2k\\x03\\x99\\xe1\\x17'\n",
    "InvalidSignature\n",
    "could not decrypt §\n",
  ])
    assert.equal(observation("§\n", output), { kind: "nothing" }, output);
});

test("Ways.shown takes no ciphertext that is printed as it is for a text", () => {
  const wire = "\u0080\u0001\u0093\u0004\u0099\u0006";
  assert.equal(observation("Message: §\n", `Message: ${wire}\n`, `head${wire}tail`), { kind: "nothing" });
  assert.is(observation("Message: §\n", `Message: ${wire}\n`).kind, "garbled");
});

test("Ways.shown asks for all ways in which a program shows a text", () => {
  const altered = TEXT.replace("pevita", "pfvita");
  const baseline = "decrypted §\nsignature ok\nMESSAGE: §\n";
  assert.equal(observation(baseline, `decrypted ${altered}\nsignature WRONG\n`), { kind: "nothing" });
  assert.is(
    observation(baseline, `decrypted ${altered}\nsignature ok\nMESSAGE: ${altered}\n`).kind,
    "altered",
  );
});

/** As `shown`, learnt from two runs: what stands in both is how a text is shown. */
function shownAfterTwo(show: (text: string, run: number) => string, output: string, wire = "") {
  const samples = [OTHER, THIRD].map((text, run) => ({ text, output: show(text, run) }));
  return new OutputPatterns(samples).observe(output, TEXT, wire);
}

const ALTERED = TEXT.replace("pevita", "pfvita");
const BYTES = ["\\x8f\\xa2 k\\x03\\x99", "Q\\xe1\\x17\\xfe'\\x00z", "\\x1b \\x9d\\x80f\\xc3"];

test("Ways.shown is not misled by what is another in each run", () => {
  for (const show of [
    (text: string, run: number) => `Encrypted: b'${BYTES[run]}' Decrypted: ${text}\n`,
    (text: string) => `hex ${Buffer.from(text).toString("hex").replaceAll(/../g, "$& ")}: ${text}\n`,
    (text: string) => `verified: "${text}" -> encrypt -> decrypt -> "${text}" (ok)\n`,
    (text: string) => `got ${text} (${text.toUpperCase()})\n`,
  ]) {
    assert.equal(shownAfterTwo(show, show(TEXT, 2)), { kind: "unchanged" }, show(TEXT, 2));
    assert.equal(
      shownAfterTwo(show, show(ALTERED, 2)),
      { kind: "altered", value: ALTERED },
      show(ALTERED, 2),
    );
  }
});

test("Ways.shown takes no ciphertext for a text that is printed in the same place before it is verified", () => {
  const show = (text: string, run: number) => `Received: b'${BYTES[run]}'\nReceived: ${text}\n`;
  assert.equal(shownAfterTwo(show, `Received: b'${BYTES[2]}'\ngood bye\n`), { kind: "nothing" });
  assert.is(
    shownAfterTwo(show, `Received: b'${BYTES[2]}'\nReceived: \ufffd\u0007J\ufffd\u0081\ufffd\n`).kind,
    "garbled",
  );
  assert.is(shownAfterTwo(show, `Received: b'${BYTES[2]}'\nReceived: ${ALTERED}\n`).kind, "altered");
});

test("Ways.shown knows captured bytes that are printed escaped", () => {
  const wire = "head\u008f\u00a2k\n\u0003'\u0099\u00e1tail";
  const output = "Message: b'\\x8f\\xa2k\\n\\x03\\'\\x99\\xe1'\n";
  assert.equal(observation("Message: §\n", output, wire), { kind: "nothing" });
  assert.is(observation("Message: §\n", output, "another").kind, "garbled");
});

test("Ways.shown knows nothing without a sample", () => {
  assert.equal(new OutputPatterns([]).observe(`Message: ${TEXT}`, TEXT), { kind: "nothing" });
});

test("Ways.times is how often a text is printed", () => {
  assert.is(new OutputPatterns([{ text: TEXT, output: `a ${TEXT}\nb ${TEXT}\n` }]).times, 2);
  assert.is(new OutputPatterns([]).times, 0);
});

test("count counts", () => {
  assert.is(count("aXbXc", "X"), 2);
  assert.is(count("abc", "X"), 0);
  assert.is(count("abc", ""), 0);
});

test("looksGarbled tells random bytes from what people write", () => {
  assert.ok(looksGarbled("\ufffd\u0007J\ufffd\u0081\ufffdq"));
  assert.ok(looksGarbled("\\x8f\\xa2k\\x03\\x99"));
  for (const text of ["", "None", "Ungültige Prüfsumme", "签名无效", "неверная подпись", "a\tb\tc"])
    assert.not.ok(looksGarbled(text), text);
});

test.run();
