/** The words that two people compare. */
import { pbkdf2Sync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { safetyPhrase } from "../../../exercises/07-chat/window/safety-phrase.ts";

const [one, other, third] = [fingerprint("A"), fingerprint("B"), fingerprint("C")];

function fingerprint(letter: string): string {
  return `SHA256:${letter.repeat(43)}`;
}

test("safetyPhrase: eight words, the same on both sides, others for another key", async () => {
  const phrase = await safetyPhrase(one, other);
  assert.match(phrase, /^[a-z]{3,8}(?: [a-z]{3,8}){7}$/);
  assert.is(await safetyPhrase(other, one), phrase);
  const others = [await safetyPhrase(one, third), await safetyPhrase(one, one)];
  for (const another of others) {
    const shared = another.split(" ").filter((word, index) => word === phrase.split(" ")[index]);
    assert.ok(shared.length < 3, another);
  }
});

test("safetyPhrase: the words are 11 bits each of PBKDF2 over both fingerprints", async () => {
  const { wordlist } = await import("@scure/bip39/wordlists/english.js");
  const bytes = pbkdf2Sync(`${one}${other}`, "sml/07/v1/safety phrase", 262_144, 16, "sha256");
  const [first] = (await safetyPhrase(other, one)).split(" ");
  assert.is(first, wordlist[((bytes[0] ?? 0) % 8) * 256 + (bytes[1] ?? 0)]);
});

test.run();
