/** The FTP client's prompt: input and output. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatEntry, helpOf, parseCommand } from "../../../exercises/05-ftp/ftp/client/commands.ts";
import { StallTimer } from "../../../exercises/05-ftp/ftp/client/data.ts";
import type { Shell } from "../../../exercises/05-ftp/ftp/client/get-and-put.ts";
import {
  formatBytes,
  formatTime,
  Progress,
  renderProgress,
} from "../../../exercises/05-ftp/ftp/client/progress.ts";
import { runLine } from "../../../exercises/05-ftp/ftp/client/prompt.ts";
import {
  type Candidate,
  complete,
  parseWords,
  quoteWord,
} from "../../../exercises/05-ftp/ftp/client/prompt-line.ts";
import { type FakeOptions, withFake } from "../../support/fake-ftp.ts";
import { rejects, throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";

test("parseWords: splits at spaces, except quoted ones", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  get   a\tb ", ["get", "a", "b"]],
    ["get 'a b' \"c 'd'\"", ["get", "a b", "c 'd'"]],
    ['get a\\ b \\"c', ["get", "a b", '"c']],
    ["get '' x''y", ["get", "", "xy"]],
    ["get 'a\\b'", ["get", "a\\b"]],
    ["get a\\", ["get", "a\\"]],
  ];
  for (const [line, words] of cases) assert.equal(parseWords(line).words, words, line);
  assert.is(parseWords("get 'a b").open, "'");
  assert.is(parseWords("get 'a b'").open, undefined);
});

test("quoteWord: any word stays one word", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 })), (words) => {
      const printable = words.map((word) => word.replace(/[\s]/g, " "));
      assert.equal(parseWords(printable.map(quoteWord).join(" ")).words, printable);
    }),
  );
});

const REMOTE: Record<string, Candidate[]> = {
  "": [
    { name: "notes.txt", isFolder: false },
    { name: "my files", isFolder: true },
    { name: ".hidden", isFolder: false },
    { name: "no\u001b[2J", isFolder: false },
  ],
  "my files/": [{ name: "a b", isFolder: false }],
};

async function listRemote(folder: string): Promise<Candidate[]> {
  const found = REMOTE[folder];
  if (!found) throw new Error("550");
  return found;
}

test("complete: commands, flags, and the server's names", async () => {
  const cases: [string, string[], string][] = [
    ["mk", ["mkdir "], "mk"],
    ["get no", ["notes.txt "], "no"],
    ["get ", ["notes.txt ", "my\\ files/"], ""],
    ["get .", [".hidden "], "."],
    ["get my", ["my\\ files/"], "my"],
    ["get my\\ files/", ["my\\ files/a\\ b "], "my\\ files/"],
    ["get 'my files/a", ["my\\ files/a\\ b "], "'my files/a"],
    ["get nowhere/x", [], "nowhere/x"],
    ["get --res", ["--resume "], "--res"],
    ["ls --res", [], "--res"],
    ["get -r no", ["notes.txt "], "no"],
    ["ls a no", [], "no"],
    ["rm notes.txt my", ["my\\ files/"], "my"],
    ["help siz", ["size"], "siz"],
    ["pwd ", [], ""],
    ["frobnicate x", [], "x"],
  ];
  for (const [line, hits, typed] of cases)
    assert.equal(await complete(line, listRemote), [hits, typed], line);
  const [all] = await complete("", listRemote);
  assert.ok(all.includes("get ") && all.includes("exit "));
});

test("complete: local names where the command takes them", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "file"), "");
    assert.equal(await complete(`put ${folder}/`, listRemote), [
      [`${folder}/file `, `${folder}/sub/`],
      `${folder}/`,
    ]);
    assert.equal((await complete(`get x ${folder}/s`, listRemote))[0], [`${folder}/sub/`]);
  });
});

/**
 * Runs `lines` at a prompt, with a server that behaves as `options` say; returns the standard
 * output.
 */
async function run(options: FakeOptions, lines: string[], isTerminal = false): Promise<[string, string[]]> {
  let output = "";
  let log: string[] = [];
  await withFake(options, async (fake) => {
    const client = await fake.client();
    const stdout = Object.assign(new PassThrough(), { isTTY: isTerminal });
    const session: Shell = { client, output: stdout, terminal: { write: () => true } };
    for (const line of lines) await runLine(session, line);
    client.destroy();
    stdout.end();
    output = await text(stdout);
    log = fake.log;
  });
  return [output, log];
}

const FILES = { "a b": "one\ntwo\u001b[2J\t\n", c: "" };

test("runLine: answers go to standard output, on a terminal with escaped control characters", async () => {
  assert.equal(
    (await run({ files: FILES }, ["size 'a b'", "pwd", "cat a\\ b"]))[0],
    '13\n/a "b"\none\ntwo\u001b[2J\t\n',
  );
  assert.is((await run({ files: FILES }, ["cat 'a b'"], true))[0], "one\ntwo\\u{1b}[2J\t\n");
  const lines = ["type=file;size=3;modify=20200102030405; x\u001b[2J", "type=dir; d"];
  const [listing] = await run({ lines }, ["ls"]);
  assert.is(listing, `      folder                    d/\n           3  2020-01-02 03:04  x\\u{1b}[2J\n`);
});

test("runLine: a terminal shows U+FFFD for what is not UTF-8 in a file, a pipe gets its bytes", async () => {
  const files = { a: Buffer.from("caf\xe9\ncaf\xc3", "latin1"), b: "caf\u00e9" };
  assert.is((await run({ files }, ["cat a", "cat b"], true))[0], "caf\ufffd\ncaf\ufffdcaf\u00e9");
});

test("runLine: ls fails if it cannot show every entry", async () => {
  const lines = ["type=file;size=5; a", " type=file;size=5;modify=20200102030405; b"];
  await rejects(
    run({ lines }, ["ls"]),
    "entries not shown: 1 (malformed lines, or names that are not UTF-8)",
  );
});

test("runLine: ls of a file works if the server lists only folders", async () => {
  const answer: FakeOptions["answer"] = ({ verb, argument, say }) => {
    if (verb !== "MLSD" || argument === "") return false;
    say("501 not a folder");
    return true;
  };
  assert.match((await run({ files: FILES, answer }, ["ls 'a b'"]))[0], / 13 {2}2020-01-02 03:04 {2}a b\n$/);
});

test("runLine: each command sends its own verbs", async () => {
  const answer: FakeOptions["answer"] = ({ verb, say }) => {
    if (verb === "RNTO" || verb === "CWD" || verb === "RMD") say("250 fine");
    return verb === "RNTO" || verb === "CWD" || verb === "RMD";
  };
  const lines = ["mkdir x", "cd x", "mv c 'd e'", "rm 'a b' c", "rmdir x", "", "  "];
  const [, log] = await run({ files: FILES, answer }, lines);
  assert.equal(log.slice(8), ["MKD x", "CWD x", "RNFR c", "RNTO d e", "DELE a b", "DELE c", "RMD x"]);
});

test("runLine: get and put, with a folder as destination", async () => {
  await withFolder(async (folder) => {
    const [, log] = await run({ files: FILES }, [
      `get c ${folder}`,
      `get 'a b' ${folder}/named`,
      `put ${folder}/c folder`,
      `put ${folder}/named`,
      `lcd ${process.cwd()}`,
    ]);
    assert.ok(log.includes("STOR folder/c") && log.includes("STOR named"), log.join());
    await rejects(run({}, [`put ${folder}`]), /is a folder; use -r to upload it$/);
    await rejects(run({}, ["get folder"]), "folder is a folder; use -r to download it");
    await rejects(
      run({}, ["get -r .."]),
      ".. cannot have that name here: it names a folder; name a destination",
    );
  });
});

test("runLine: leaves at exit, quit and bye, and reports usage errors", async () => {
  const session: Shell = Object.create(null);
  for (const line of ["exit", "quit", "bye"]) assert.is(await runLine(session, line), false);
  const cases: [string, string][] = [
    ["frobnicate", 'no such command: "frobnicate"; see help'],
    ["constructor", 'no such command: "constructor"; see help'],
    ["get", "get takes FILE [LOCAL]; see help"],
    ["get a b c", "get takes FILE [LOCAL]; see help"],
    ["pwd x", "pwd takes no arguments; see help"],
    ["get ''", "get: a name is empty"],
    ["get caf\ufffd", 'get: "caf\ufffd" was not UTF-8'],
    ["ls -r", "ls has no flag --recursive; see help"],
    ["get --frob a", "unknown flag --frob; see --help"],
    ["get 'a", "missing closing quotation mark '"],
  ];
  for (const [line, expected] of cases) await rejects(runLine(session, line), expected);
});

test("parseCommand: the command line refuses commands for the prompt", () => {
  const options = { flags: {}, isPrompt: false };
  throws(() => parseCommand(["lcd", "x"], options), "lcd only works at the prompt; see --help");
  throws(() => parseCommand(["frob"], options), 'no such command: "frob"; see --help');
});

test("help: all commands, or one", async () => {
  const [all] = await run({}, ["help"]);
  for (const name of ["ls", "get", "put", "lls", "exit"]) assert.ok(all.includes(helpOf(name)));
  assert.is((await run({}, ["help get"]))[0], `${helpOf("get")}\n`);
  throws(() => helpOf("frob"), /no such command/);
});

test("formatEntry: unknown facts are omitted", () => {
  const unknown = { size: undefined, modified: undefined };
  assert.is(formatEntry({ name: "a", kind: "other", ...unknown }).trim(), "-                    a");
  assert.is(formatEntry({ name: "a", kind: "file", ...unknown }).trim(), "-                    a");
});

test("renderProgress: fits the line, for any name and width", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.option(fc.nat(), { nil: undefined }),
      fc.nat(),
      fc.integer({ min: 1, max: 200 }),
      (name, total, done, columns) => {
        const line = renderProgress({ name, done, total, rate: 1000 }, columns);
        assert.ok([...line].length < Math.max(2, columns), line);
        assert.not.match(line, /\p{Cc}/u);
      },
    ),
  );
});

test("renderProgress: percentage, bytes, rate and remaining time", () => {
  const standing = { name: "a", done: 512 * 1024, total: 2048 * 1024, rate: 256 * 1024 };
  assert.is(
    renderProgress(standing, 80),
    `a [${"#".repeat(4)}${"-".repeat(13)}]  25%  512.0 KiB  256.0 KiB/s  00:06 left`,
  );
  assert.is(
    renderProgress({ ...standing, total: undefined, rate: 0 }, 80),
    "a  512.0 KiB  0 B/s  --:-- left",
  );
  assert.match(renderProgress({ ...standing, done: 0, total: 0 }, 80), / 100% /);
});

test("formatBytes, formatTime", () => {
  assert.equal([0, 999, 1000, 1536, 5 * 2 ** 30, 2 ** 60].map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.5 KiB",
    "5.0 GiB",
    "1048576.0 TiB",
  ]);
  assert.equal([0, 61, 3599.6, 3661, 1e9].map(formatTime), [
    "00:00",
    "01:01",
    "1:00:00",
    "1:01:01",
    "99:59:59",
  ]);
});

test("Progress: a bar on a terminal, at most ten times a second, and a summary; else nothing", () => {
  const written: string[] = [];
  let now = 0;
  const show = (isTTY: boolean) => {
    const terminal = { isTTY, columns: 60, write: (text: string) => written.push(text) };
    const progress = new Progress(terminal, "a\u001b", () => now);
    progress.begin(1000, 0);
    for (let index = 0; index < 100; index += 1) {
      now += 0.01;
      progress.advance(10);
    }
    progress.end();
    progress.clear();
  };
  const unknown = { isTTY: true, columns: 0, write: (text: string) => written.push(text) };
  new Progress(unknown, "a name", () => now).begin(1000, 0);
  assert.match(written.pop() ?? "", /a name \[-+\]/, "some terminals do not know how wide they are");
  show(false);
  assert.equal(written, []);
  show(true);
  assert.ok(written.length >= 8 && written.length <= 14, `${written.length} lines`);
  assert.ok(written.every((text) => text.startsWith("\r\u001b[K")));
  assert.match(written.at(-3) ?? "", / 9\d% |100%/);
  const last = written.at(-2) ?? "";
  assert.ok(last.startsWith("\r\u001b[Ka\\u{1b}  1.0 KiB  ") && last.endsWith("  00:01\n"), last);
  assert.is(written.at(-1), "\r\u001b[K");
});

test("StallTimer: counts only while a call is pending, and restarts with each result", async () => {
  let stalls = 0;
  let stalled = () => {};
  const stall = new Promise<void>((resolve) => {
    stalled = resolve;
  });
  const patience = new StallTimer(0.2, () => {
    stalls += 1;
    stalled();
  });
  const pause = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
  await pause(0.4);
  assert.is(stalls, 0, "no call was pending");
  patience.watch(new Promise(() => {})).catch(() => {});
  await stall;
  patience.stop();
  assert.ok(stalls > 0);
});

test.run();
