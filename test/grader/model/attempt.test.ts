import { test } from "uvu";
import * as assert from "uvu/assert";
import { attempts, describeAttempts } from "./attempt.ts";

test("describeAttempts counts each kind, by what became of it", () => {
  assert.is(
    describeAttempts([
      ...attempts("alteration", "refused", 14),
      ...attempts("duplicate", "refused", 3),
      ...attempts("alteration", "unnoticed"),
      ...attempts("recorded session", "refused", 2),
    ]),
    "14 alterations, 3 duplicates, 2 recorded sessions: all refused; 1 alteration: unnoticed",
  );
  assert.is(describeAttempts(attempts("public key", "sound")), "1 public key: sound");
});

test.run();
