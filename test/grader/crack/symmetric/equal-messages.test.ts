import { generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Budget } from "../capture/budget.ts";
import { bytewise, captured, noise, OTHER, TEXT } from "../samples/captures.ts";
import { findEqualMessages } from "./equal-messages.ts";

const PEM = String(
  generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" }),
);

test("findEqualMessages finds bytes that are equal only if the text is", () => {
  const pack = (text: string, seed: number) =>
    captured([PEM, bytewise(text, (byte) => byte ^ 77), noise(seed, 50)]);
  const found = findEqualMessages([pack(TEXT, 1), pack(TEXT, 2)], [pack(OTHER, 3)], new Budget());
  assert.is(found.length, 1);
  assert.is(found[0]?.kind, "equal messages");
  assert.equal(findEqualMessages([pack(TEXT, 1), pack(OTHER, 2)], [pack(OTHER, 3)], new Budget()), []);
});

test.run();
