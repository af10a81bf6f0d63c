import { Buffer } from "node:buffer";
import { createCipheriv, generateKeyPairSync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { noise, viewsIn } from "../samples/captures.ts";
import { findEqualBlocks, repeatedText } from "./equal-blocks.ts";

const PEM = String(
  generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" }),
);

test("findEqualBlocks finds ECB, and nothing in CBC, GCM, padding or base64", () => {
  const text = repeatedText(noise("repeat", 16));
  const run = (algorithm: string, iv: Bytes | null) => {
    const cipher = createCipheriv(algorithm, noise("k", 32), iv);
    return new Uint8Array(
      Buffer.concat([encodeUtf8("From: me, "), cipher.update(`Client: ${text}`), cipher.final()]),
    );
  };
  const blocksIn = (sent: Bytes | string) =>
    viewsIn([sent]).flatMap((view) => findEqualBlocks(view, new Budget()));
  assert.is(blocksIn(run("aes-256-ecb", null))[0]?.kind, "equal blocks");
  assert.is(blocksIn(Buffer.from(run("aes-256-ecb", null)).toString("base64"))[0]?.kind, "equal blocks");
  for (const sent of [
    run("aes-256-cbc", noise("iv", 16)),
    run("aes-256-gcm", noise("iv", 12)),
    " ".repeat(4000),
    "0123".repeat(900),
    PEM.repeat(4),
  ])
    assert.equal(blocksIn(sent), []);
});

test.run();
