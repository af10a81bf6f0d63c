import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { Budget } from "../capture/budget.ts";
import { knownForms } from "../capture/known.ts";
import { TEXT, viewsIn } from "../samples/captures.ts";
import { Digests, findDigests } from "./digests.ts";

test("findDigests finds a plain hash of the text, but not a keyed one", () => {
  const find = (sent: Bytes | string) =>
    findDigests(viewsIn([sent]), new Digests(knownForms([TEXT])), new Budget());
  const hash = (text: string) => createHash("sha256").update(text).digest();
  for (const sent of [
    new Uint8Array(hash(TEXT)),
    hash(TEXT).toString("hex"),
    `{"h":"${hash(TEXT).toString("base64")}"}`,
  ]) {
    const [proof] = find(sent);
    assert.is(proof?.kind, "guess confirmed");
    assert.is(proof?.recovered, TEXT);
  }
  assert.equal(find(new Uint8Array(hash(`key${TEXT}`))), []);
});

test.run();
