import { test } from "uvu";
import * as assert from "uvu/assert";
import { Program, TSX } from "../support/launch.ts";

const SHOW = [...TSX, "test/demo/show.ts"];
// as some terminals report
const TERMINAL = "process.stdout.columns = 0;";

/** Runs `npm start` with `code` in each process that it consists of. */
function startWith(code: string, args: readonly string[] = []) {
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(`import process from "node:process"; ${code}`)}`;
  return new Program([...SHOW, ...args], { env: { NODE_OPTIONS } }).ending;
}

for (const [args, title, frame, found] of [
  [[], "Part 2", "request: wrapped key (256", "not found"],
  [
    ["part1", "tell me\u001b", "part1/v1"],
    "Part 1",
    "message: RSA blocks",
    "found, as UTF-8, but only where the protocol itself is in plaintext",
  ],
] as const) {
  test(`npm start ${JSON.stringify(args)} shows client, wire and server, and finds no secret on the wire`, async () => {
    const { status, stdout, stderr } = await startWith(TERMINAL, args);
    assert.is(status, 0, stdout + stderr);
    assert.ok(stdout.startsWith(title));
    for (const words of ["CLIENT", "EAVESDROPPER", "SERVER", "────▶", "◀────", "hello: sml/part", frame]) {
      assert.ok(stdout.includes(words), `no ${words} in:\n${stdout}`);
    }
    assert.is(stdout.match(/Received message:/g)?.length, 2);
    const verdicts = stdout.match(/(?<=^ {2}".*": ).*$/gm);
    assert.equal(verdicts, ["not found", found]);
    assert.match(stdout, /"sml\/part[12]\/v1", which both hellos carry in plaintext: found, as UTF-8\n$/);
    assert.not.match(stdout, /[^\P{Cc}\n]/u);
  });
}

test("npm start searches nothing where nothing passed", async () => {
  const client = "/client.[jt]s$/.test(process.argv[1])";
  const { status, stdout } = await startWith(`if (${client}) process.exit(3);`);
  assert.is(status, 1);
  assert.match(stdout, /\nNothing passed the wire: there is nothing to search\.\n$/);
});

test("npm start shows what a server printed that did not listen", async () => {
  const server = "/server.[jt]s$/.test(process.argv[1])";
  const { status, stderr } = await startWith(`if (${server}) { console.error("no luck"); process.exit(3); }`);
  assert.is(status, 1);
  const expected = "error: a program ended with status 3 before it listened; it printed:\nno luck\n\n";
  assert.is(stderr, expected);
});

for (const [args, reason] of [
  [["part3"], 'expected part1 or part2, got "part3"'],
  [
    ["part1", "a", "é".repeat(8193)],
    "the server's text is too long: part1 takes at most 16 KiB (16384 bytes of UTF-8)\n",
  ],
] as const) {
  test(`npm start ${JSON.stringify(args).slice(0, 40)} is a usage error`, async () => {
    const { status, stdout, stderr } = await new Program([...SHOW, ...args]).ending;
    assert.is(status, 2);
    assert.is(stdout, "");
    assert.ok(stderr.startsWith(`error: ${reason}`), stderr);
  });
}

test.run();
