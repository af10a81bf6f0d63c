import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { count, looksGarbled, OutputPatterns } from "./output-patterns.ts";

const TEXT = "fidoke mulaso pevita nogeru zabiko tulame";
const THIRD = "wibano ketuso mipela rofudi sacegu nolite";
const OTHER = "gorati besumo lakivu dopena ferizo mahuti";

/** What `output` shows where the text usually is; § stands for the text. */
function observation(baseline: string, output: string, wire = "") {
  const patterns = new OutputPatterns([{ text: OTHER, output: baseline.replaceAll("§", OTHER) }]);
  return patterns.observe(output.replaceAll("§", TEXT), TEXT, wire);
}

test("OutputPatterns.observe finds the genuine text", () => {
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

test("OutputPatterns.observe finds one letter that differs", () => {
  const altered = TEXT.replace("pevita", "pfvita");
  assert.equal(observation("Received: §\n", `Received: ${altered}\n`), { kind: "altered", value: altered });
  assert.equal(observation("§\n", `${altered}\n`), { kind: "altered", value: altered });
});

test("OutputPatterns.observe finds a garbled block within a text", () => {
  const garbled = `${TEXT.slice(0, 16)}\u0003\ufffd\u001f\ufffd\u007f\ufffd!${TEXT.slice(32)}`;
  assert.is(observation("Message: §\n", `Message: ${garbled}\n`).kind, "altered");
});

test("OutputPatterns.observe finds a text that was cut", () => {
  assert.equal(observation("Message: '§'\n", `Message: '${TEXT.slice(0, 13)}'\n`), {
    kind: "truncated",
    value: TEXT.slice(0, 13),
  });
});

test("OutputPatterns.observe finds garbage instead of the text", () => {
  const garbage = "\ufffd\u0007J\ufffd\u0081\ufffdq\u0013\ufffd\ufffd\u0002";
  assert.equal(observation("Message: §\n", `Message: ${garbage}\n`), { kind: "garbled", value: garbage });
  assert.is(observation("Message: b'§'\n", "Message: b'\\x8f\\xa2k\\x03\\x99\\xe1\\x17'\n").kind, "garbled");
});

test("OutputPatterns.observe does not take a refusal for a text", () => {
  for (const output of [
    "",
    "Received: \n",
    "Received: None\n",
    "Received: signature invalid\n",
    "Received: Nachricht ungültig, abgelehnt\n",
    'Traceback (most recent call last):\n  File "server.py", line 30\ncryptography.fernet.InvalidToken\n',
    "error: the message is refused: it was altered on the way\n",
    // the genuine text, with a remark that the plain exchange does not have
    "Received: § (signature is WRONG)\n",
    "Rejected message: §\n",
  ])
    assert.equal(observation("Received: §\n", output), { kind: "nothing" }, output);
});

test("OutputPatterns.observe does not take an error for a text if texts have a line of their own", () => {
  for (const output of [
    "ValueError: invalid literal for int() with base 10: b'\\x8f\\xa2k\\x03\\x99\\xe1\\x17'\n",
    "InvalidSignature\n",
    "could not decrypt §\n",
  ])
    assert.equal(observation("§\n", output), { kind: "nothing" }, output);
});

test("OutputPatterns.observe does not take a ciphertext for a text", () => {
  const wire = "\u0080\u0001\u0093\u0004\u0099\u0006";
  assert.equal(observation("Message: §\n", `Message: ${wire}\n`, `head${wire}tail`), { kind: "nothing" });
  assert.is(observation("Message: §\n", `Message: ${wire}\n`).kind, "garbled");
});

test("OutputPatterns.observe asks for all places in which a program shows a text", () => {
  const altered = TEXT.replace("pevita", "pfvita");
  const baseline = "decrypted §\nsignature ok\nMESSAGE: §\n";
  assert.equal(observation(baseline, `decrypted ${altered}\nsignature WRONG\n`), { kind: "nothing" });
  assert.is(
    observation(baseline, `decrypted ${altered}\nsignature ok\nMESSAGE: ${altered}\n`).kind,
    "altered",
  );
});

/** The same, learnt from two exchanges. */
function observeAfterTwo(show: (text: string, run: number) => string, output: string, wire = "") {
  const samples = [OTHER, THIRD].map((text, run) => ({ text, output: show(text, run) }));
  return new OutputPatterns(samples).observe(output, TEXT, wire);
}

const ALTERED = TEXT.replace("pevita", "pfvita");
const BYTES = ["\\x8f\\xa2 k\\x03\\x99", "Q\\xe1\\x17\\xfe'\\x00z", "\\x1b \\x9d\\x80f\\xc3"];

test("OutputPatterns.observe is not misled by what differs in each exchange", () => {
  for (const show of [
    (text: string, run: number) => `Encrypted: b'${BYTES[run]}' Decrypted: ${text}\n`,
    (text: string) => `hex ${Buffer.from(text).toString("hex").replaceAll(/../g, "$& ")}: ${text}\n`,
    (text: string) => `verified: "${text}" -> encrypt -> decrypt -> "${text}" (ok)\n`,
    (text: string) => `got ${text} (${text.toUpperCase()})\n`,
  ]) {
    assert.equal(observeAfterTwo(show, show(TEXT, 2)), { kind: "unchanged" }, show(TEXT, 2));
    assert.equal(
      observeAfterTwo(show, show(ALTERED, 2)),
      { kind: "altered", value: ALTERED },
      show(ALTERED, 2),
    );
  }
});

test("OutputPatterns.observe does not take a ciphertext for a text that is printed in the same place", () => {
  const show = (text: string, run: number) => `Received: b'${BYTES[run]}'\nReceived: ${text}\n`;
  assert.equal(observeAfterTwo(show, `Received: b'${BYTES[2]}'\ngood bye\n`), { kind: "nothing" });
  assert.is(
    observeAfterTwo(show, `Received: b'${BYTES[2]}'\nReceived: \ufffd\u0007J\ufffd\u0081\ufffd\n`).kind,
    "garbled",
  );
  assert.is(observeAfterTwo(show, `Received: b'${BYTES[2]}'\nReceived: ${ALTERED}\n`).kind, "altered");
});

test("OutputPatterns.observe knows captured bytes that are printed escaped", () => {
  const wire = "head\u008f\u00a2k\n\u0003'\u0099\u00e1tail";
  const output = "Message: b'\\x8f\\xa2k\\n\\x03\\'\\x99\\xe1'\n";
  assert.equal(observation("Message: §\n", output, wire), { kind: "nothing" });
  assert.is(observation("Message: §\n", output, "another").kind, "garbled");
});

test("OutputPatterns.observe knows nothing without a sample", () => {
  assert.equal(new OutputPatterns([]).observe(`Message: ${TEXT}`, TEXT), { kind: "nothing" });
});

test("OutputPatterns.times is how often a text is printed", () => {
  assert.is(new OutputPatterns([{ text: TEXT, output: `a ${TEXT}\nb ${TEXT}\n` }]).times, 2);
  assert.is(new OutputPatterns([]).times, 0);
});

test("count counts occurrences", () => {
  assert.is(count("aXbXc", "X"), 2);
  assert.is(count("abc", "X"), 0);
  assert.is(count("abc", ""), 0);
});

test("looksGarbled tells random bytes from writing", () => {
  assert.ok(looksGarbled("\ufffd\u0007J\ufffd\u0081\ufffdq"));
  assert.ok(looksGarbled("\\x8f\\xa2k\\x03\\x99"));
  for (const text of ["", "None", "Ungültige Prüfsumme", "签名无效", "неверная подпись", "a\tb\tc"])
    assert.not.ok(looksGarbled(text), text);
});

test.run();
