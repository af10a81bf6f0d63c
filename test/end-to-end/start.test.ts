import { test } from "uvu";
import * as assert from "uvu/assert";
import { Program, TSX } from "../harness/launch.ts";

const SHOW = [...TSX, "test/harness/show.ts"];

for (const [args, title, frame] of [
  [[], "Part 2", "request: wrapped key (256"],
  [["part1", "tell me\u001b", "I will"], "Part 1", "message: RSA blocks"],
] as const) {
  test(`npm start ${JSON.stringify(args)} shows client, wire and server, and finds no text on the wire`, async () => {
    const { status, stdout, stderr } = await new Program([...SHOW, ...args]).ending;
    assert.is(status, 0, stdout + stderr);
    assert.ok(stdout.startsWith(title));
    for (const words of ["CLIENT", "EAVESDROPPER", "SERVER", "────▶", "◀────", "hello: sml/part", frame]) {
      assert.ok(stdout.includes(words), `no ${words} in:\n${stdout}`);
    }
    assert.is(stdout.match(/Received message:/g)?.length, 2);
    assert.is(stdout.match(/": not found$/gm)?.length, 2);
    assert.match(stdout, /"sml\/part[12]\/v1", which both hellos carry in clear: found, as UTF-8\n$/);
    assert.not.match(stdout, /[^\P{Cc}\n]/u);
  });
}

for (const [args, reason] of [
  [["part3"], 'expected part1 or part2, got "part3"'],
  [["part1", "a", "b", "c"], "expected at most a part and two texts"],
  [["--colour"], "Unknown option '--colour'"],
] as const) {
  test(`npm start ${JSON.stringify(args)} is a usage error`, async () => {
    const { status, stdout, stderr } = await new Program([...SHOW, ...args]).ending;
    assert.is(status, 2);
    assert.is(stdout, "");
    assert.ok(stderr.startsWith(`error: ${reason}`), stderr);
  });
}

test.run();
