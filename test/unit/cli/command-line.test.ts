import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import {
  type CommandLine,
  commandLine,
  type ExerciseCommandLine,
  type ExerciseScript,
  exerciseCommandLine,
  type Script,
} from "../../../lib/cli/command-line.ts";
import { UsageError } from "../../../lib/cli/diagnostics.ts";
import { Program, TSX } from "../../support/launch.ts";
import { rejects } from "../../support/rejects.ts";
import { type Result, runScript } from "../../support/scripts.ts";

const SCRIPT: Script = { name: "test/x.ts", purpose: "Tests.", role: "server", limit: 2048 };
const FINGERPRINT = "SHA256:9ilo1LpgDtDbITXC7yXdLHYxN/SbLYPUPxlXt6Ryi9w";

async function parse(args: string[], script: Partial<Script> = {}): Promise<CommandLine> {
  const before = process.argv;
  process.argv = ["node", "x.ts", ...args];
  try {
    return await commandLine({ ...SCRIPT, ...script });
  } finally {
    process.argv = before;
  }
}

/** Fails unless `args` are a usage error whose one line matches `expected`. */
async function refuses(args: string[], expected: RegExp, script: Partial<Script> = {}): Promise<void> {
  const parsed = parse(args, script);
  await rejects(parsed, expected);
  const error = await parsed.catch((reason: unknown) => reason);
  assert.instance(error, UsageError);
  if (error instanceof Error) assert.not.match(error.message, /\p{Cc}/u);
}

test("commandLine has defaults for everything but the message", async () => {
  assert.equal(await parse(["hello"]), {
    message: "hello",
    host: "127.0.0.1",
    port: 10001,
    timeout: 10,
    fingerprint: undefined,
  });
});

test("commandLine takes every flag, before and after the message, with = and without", async () => {
  const expected = { message: "a b", host: "::1", port: 0, timeout: 2.5, fingerprint: FINGERPRINT };
  const flags = ["--host", "::1", "--port=0", "--timeout", "2.5", `--fingerprint=${FINGERPRINT}`];
  assert.equal(await parse([...flags, "a", "b"]), expected);
  assert.equal(await parse(["a", ...flags, "b"]), expected);
  assert.equal(await parse([...flags, "--", "a", "b"]), expected);
});

test("commandLine joins the words of the message with one space", async () => {
  assert.is((await parse(["attack", "at", "dawn"])).message, "attack at dawn");
  assert.is((await parse(["two  spaces", ""])).message, "two  spaces ");
});

test("commandLine takes anything after -- as message", async () => {
  assert.is((await parse(["--", "-5", "degrees"])).message, "-5 degrees");
  assert.is((await parse(["--port", "1", "--", "--port", "x", "--help"])).message, "--port x --help");
});

test("commandLine takes an empty message that is given as such", async () => {
  assert.is((await parse([""])).message, "");
});

test("commandLine refuses no message", async () => {
  await refuses([], /no message/);
  await refuses(["--port", "0"], /no message/);
  await refuses(["--"], /no message/);
});

test("commandLine states a limit of MiB as such", async () => {
  await refuses(["x".repeat(1024 * 1024 + 1)], /too long: at most 1 MiB \(1048576 bytes of UTF-8\)/, {
    limit: 1024 * 1024,
  });
});

test("commandLine takes a message of the limit, in bytes of UTF-8, and refuses one more and states it", async () => {
  assert.is((await parse(["é".repeat(1024)])).message.length, 1024);
  assert.is((await parse(["x".repeat(2048)])).message.length, 2048);
  await refuses([`${"é".repeat(1024)}x`], /too long.*2 KiB.*2048 bytes/);
  await refuses(["x".repeat(2049)], /too long.*2 KiB.*2048 bytes/);
  await refuses(["x".repeat(2000), "y".repeat(48)], /too long/);
});

for (const port of [
  "",
  "x",
  "-1",
  "65536",
  "99999",
  "1e3",
  "0x50",
  "1.5",
  " 80",
  "80 ",
  "000080",
  "٣",
  "NaN",
  "Infinity",
]) {
  test(`commandLine refuses the port ${JSON.stringify(port)}`, async () => {
    await refuses([`--port=${port}`, "hello"], /--port .*from 0 to 65535/);
  });
}

test("commandLine takes the ports 0 to 65535 for a server, and from 1 for a client", async () => {
  for (const port of [0, 1, 80, 65535]) assert.is((await parse(["--port", String(port), "m"])).port, port);
  assert.is((await parse(["--port", "1", "m"], { role: "client" })).port, 1);
  await refuses(["--port", "0", "m"], /--port .*from 1 to 65535/, { role: "client" });
});

for (const timeout of ["", "0", "0.0", "-1", "x", "1e3", "86401", "Infinity", "NaN", ".5", "5.", "1s"]) {
  test(`commandLine refuses the timeout ${JSON.stringify(timeout)}`, async () => {
    await refuses([`--timeout=${timeout}`, "hello"], /--timeout .*more than 0/);
  });
}

test("commandLine takes timeouts with and without a fraction, up to a day", async () => {
  assert.is((await parse(["--timeout", "0.25", "m"])).timeout, 0.25);
  assert.is((await parse(["--timeout", "86400", "m"])).timeout, 86400);
});

const BAD_FINGERPRINTS = [
  "",
  "SHA256:",
  FINGERPRINT.slice(0, -1),
  `${FINGERPRINT}=`,
  FINGERPRINT.slice(7),
  FINGERPRINT.toLowerCase(),
  FINGERPRINT.replace(/w$/, "x"),
  FINGERPRINT.replace("/", "_"),
  `${FINGERPRINT}\n`,
];
for (const fingerprint of BAD_FINGERPRINTS) {
  test(`commandLine refuses the fingerprint ${JSON.stringify(fingerprint)}`, async () => {
    await refuses([`--fingerprint=${fingerprint}`, "hello"], /--fingerprint .*SHA256:/);
  });
}

test("commandLine takes an IPv6 address with and without brackets, as addresses are printed", async () => {
  for (const host of ["::1", "fe80::1%lo", "2001:db8::2"])
    for (const typed of [host, `[${host}]`]) assert.is((await parse(["--host", typed, "hello"])).host, host);
  for (const host of ["localhost", "127.0.0.1"]) assert.is((await parse(["--host", host, "x"])).host, host);
});

test("commandLine refuses a host with other brackets, and says how to write one with a port", async () => {
  for (const host of ["[]", "[localhost]", "[127.0.0.1]", "[::1", "::1]", "[[::1]]", "[::1]x"])
    await refuses(["--host", host, "hello"], /--host .*: expected an IPv6 address in the brackets$/);
  for (const host of ["[::1]", "localhost", "127.0.0.1"])
    await refuses(
      ["--host", `${host}:2121`, "hello"],
      new RegExp(`has a port; write --host '${host.replaceAll(/[[\].]/g, "\\$&")}' --port 2121$`),
    );
});

test("commandLine refuses an empty host", async () => {
  await refuses(["--host", "", "hello"], /--host/);
});

test("commandLine refuses flags that it does not know, and flags without or with too much", async () => {
  await refuses(["--prot", "80", "hello"], /^unknown flag --prot; see --help$/);
  await refuses(["--prot=80", "hello"], /^unknown flag --prot; see --help$/);
  await refuses(["--__proto__", "--constructor"], /^unknown flag --__proto__; see --help$/);
  await refuses(["-p", "80", "hello"], /^unknown flag -p; see --help$/);
  await refuses(["-5", "degrees"], /^unknown flag -5; see --help$/);
  await refuses(["hello", "--port"], /^the flag --port lacks its value, PORT; see --help$/);
  await refuses(["--port", "--trace", "x"], /^the flag --port lacks its value, PORT: "--trace" follows it$/);
  await refuses(["--trace=yes", "hello"], /^the flag --trace takes no value; see --help$/);
});

test("a mistake's line shows no control characters of the command line", async () => {
  await refuses(["--port", "\u001b[2J\n", "hello"], /--port/);
  await refuses(["--timeout", "\u001b[2J\n", "hello"], /--timeout/);
  await refuses(["--x\u001b\n\u202e", "hello"], /^unknown flag --x\\u\{1b\}\\n\\u\{202e\}; see --help$/);
  await refuses(["--port", '\u202e"', "hello"], /^--port "\\u\{202e\}\\"": expected/);
  await refuses(["--port", "-\u202e", "hello"], /: "-\\u\{202e\}" follows it$/);
});

test("--help prints the usage on stdout and ends with status 0, whatever else is there", async () => {
  const { status, stdout, stderr } = await run({ args: ["--help", "--port", "x"] });
  assert.is(status, 0);
  assert.is(stderr, "");
  assert.match(stdout, /^Prints what was asked for\./);
  for (const flag of ["--host", "--port", "--timeout", "--fingerprint", "--trace", "--help"]) {
    assert.ok(stdout.includes(flag), flag);
  }
  assert.match(stdout, /^Usage: npx tsx test\/support\/command-line\.ts /m);
  assert.match(stdout, /16 KiB/);
  assert.ok(stdout.split("\n").every((line) => line.length <= 110));
});

test("- reads the message from standard input, to the byte", async () => {
  const message = "a\0b\r\nc\n😀";
  const bytes = new TextEncoder().encode(message);
  const result = await run({ args: ["-"], input: [bytes.slice(0, 9), bytes.slice(9)] });
  assert.equal(result.stderr, "");
  assert.is(JSON.parse(result.stdout).message, message);
});

test("- at a terminal says what is waited for", async () => {
  const terminal = 'import process from "node:process"; process.stdin.isTTY = true;';
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(terminal)}` };
  const { stdout, stderr } = await run({ args: ["-"], input: ["hello"], environment });
  assert.is(stderr, "Type the message, end it with Ctrl-D on a line of its own.\n");
  assert.is(JSON.parse(stdout).message, "hello");
  assert.is((await run({ args: ["-"] })).stderr, "");
});

test("- with nothing on standard input is an empty message, and --trace tells the steps on stderr", async () => {
  const { stdout, stderr } = await run({ args: ["--trace", "-"] });
  assert.is(JSON.parse(stdout).message, "");
  assert.match(stderr, /^\[ +\d+\.\d ms\] read the command line\n$/);
});

test("- refuses input that is not UTF-8, with status 2", async () => {
  oneLine(
    await run({ args: ["-"], input: [new Uint8Array([0x61, 0xff])] }),
    2,
    /standard input is not valid UTF-8/,
  );
});

test("- refuses an endless input after little more than the limit, with status 2", async () => {
  let taken = 0;
  const endless = (function* (): Generator<Bytes> {
    for (; taken < 100 * 1024 * 1024; taken += 65_536) yield new Uint8Array(65_536).fill(0x61);
  })();
  oneLine(await run({ args: ["-"], input: endless }), 2, /too long.*16 KiB/);
  assert.ok(taken < 4 * 1024 * 1024, `${taken} bytes were taken`);
});

test("- among other words is a word", async () => {
  assert.is((await parse(["a", "-", "b"])).message, "a - b");
});

const EXERCISE: ExerciseScript = {
  ...SCRIPT,
  identity: { keys: "some/keys", name: "alice" },
  flags: {
    pool: { value: "FROM-TO", default: "10100-10109", help: "the ports of the pool" },
    allowed: { value: "FILE", help: "the list" },
    wait: { help: "wait while the server is busy" },
  },
};

async function parseExercise(
  args: string[],
  script: Partial<ExerciseScript> = {},
): Promise<ExerciseCommandLine> {
  const before = process.argv;
  process.argv = ["node", "x.ts", ...args];
  try {
    return await exerciseCommandLine({ ...EXERCISE, ...script });
  } finally {
    process.argv = before;
  }
}

test("exerciseCommandLine has keys, a name, and the script's own flags", async () => {
  const { keys, name, flags, message } = await parseExercise(["hello"]);
  assert.equal({ keys, name, message }, { keys: "some/keys", name: "alice", message: "hello" });
  assert.equal(flags, { pool: "10100-10109", allowed: undefined, wait: undefined });
  const given = await parseExercise([
    "--keys",
    "k",
    "--name=bob",
    "--pool",
    "1-2",
    "--allowed",
    "x",
    "--wait",
    "hello",
  ]);
  assert.equal([given.keys, given.name], ["k", "bob"]);
  assert.equal(given.flags, { pool: "1-2", allowed: "x", wait: "" });
});

test("commandLine of a part knows none of the exercises' flags", async () => {
  for (const flag of ["--keys=k", "--name=bob", "--pool=1-2", "--wait"])
    await refuses([flag, "hello"], /^unknown flag --/);
});

test("exerciseCommandLine refuses names that are no plain file names, and an empty folder", async () => {
  for (const name of ["", ".", "..", "../x", "a/b", ".hidden", "-x", "a b", "é", "a\n", "x".repeat(65)]) {
    await rejects(parseExercise(["hello", `--name=${name}`]), /^--name .*: expected 1 to 64 letters/);
  }
  await rejects(parseExercise(["hello", "--keys="]), "--keys is empty");
  assert.is((await parseExercise(["hello", `--name=${"x".repeat(64)}`])).name.length, 64);
});

test("exerciseCommandLine gives the message as the one of the messages", async () => {
  const { messages } = await parseExercise(["two", "words"], { optionalMessage: true });
  const all = [];
  for await (const text of messages) all.push(text);
  assert.equal(all, ["two words"]);
  await rejects(parseExercise([]), "no message given; see --help");
});

test("exerciseCommandLine without a message takes no words, or hands them over", async () => {
  assert.is((await parseExercise([], { limit: undefined, port: 2121 })).port, 2121);
  await rejects(
    parseExercise(["x"], { limit: undefined }),
    '"x" is no flag, and nothing else is expected; see --help',
  );
  const { words, flags, port } = await parseExercise(["get", "--wait", "-"], {
    limit: undefined,
    words: "C",
  });
  assert.equal([words, flags["wait"], port], [["get", "-"], "", 10001]);
});

test("an uncaught error is one line and status 1, now or later", async () => {
  oneLine(await run({ environment: { FAIL: "plain" } }), 1, /^error: the peer did it\n$/);
  oneLine(await run({ environment: { FAIL: "later" } }), 1, /^error: the peer did it later\n$/);
});

test("a usage error is one line and status 2", async () => {
  oneLine(await run({ args: ["--port", "x", "hello"] }), 2, /^error: --port "x"/);
});

test("a standard output that is closed is one line and status 1", async () => {
  const program = new Program([...TSX, "test/support/command-line.ts", "hello"]);
  program.child.stdout?.destroy();
  const { status, stderr } = await program.ending;
  assert.is(stderr, "error: standard output is closed\n");
  assert.is(status, 1);
});

if (existsSync("/dev/full")) {
  test("a standard output that is full is one line and status 1", async () => {
    const script = `${TSX.join(" ")} test/support/command-line.ts hello >/dev/full`;
    const { status, stderr } = await new Program(["sh", "-c", script]).ending;
    assert.is(stderr, "error: standard output is full\n");
    assert.is(status, 1);
  });
}

test("a mistake of ours shows its stack, and status 1", async () => {
  const { status, stdout, stderr } = await run({ environment: { FAIL: "bug" } });
  assert.is(status, 1);
  assert.is(stdout, "");
  assert.match(stderr, /TypeError: our own mistake\n\s+at /);
});

function run(options: Parameters<typeof runScript>[1]): Promise<Result> {
  return runScript("command-line.ts", options);
}

function oneLine({ status, stdout, stderr }: Result, expectedStatus: number, line: RegExp): void {
  assert.match(stderr, line);
  assert.match(stderr, /^[^\n]+\n$/);
  assert.is(status, expectedStatus);
  assert.is(stdout, "");
}

test.run();
