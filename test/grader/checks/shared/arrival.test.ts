import { test } from "uvu";
import * as assert from "uvu/assert";
import { isEscaped } from "./arrival.ts";

test("isEscaped finds a text that is printed with its bytes or code points escaped", () => {
  const text = "na\u00efve \u043f\u0440 \u{1f511}";
  assert.ok(isEscaped("got b'na\\xc3\\xafve \\xd0\\xbf\\xd1\\x80 \\xf0\\x9f\\x94\\x91'", text));
  assert.ok(isEscaped('{"text": "na\\u00EFve \\u043f\\u0440 \\ud83d\\udd11"}', text));
  assert.not.ok(isEscaped(`got ${text}`, text));
  assert.not.ok(isEscaped("got something else", text));
  assert.not.ok(isEscaped("plain", "plain"));
});

test.run();
