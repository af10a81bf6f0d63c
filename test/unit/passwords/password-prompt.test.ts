import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readPassword, type } from "../../../lib/passwords/password-prompt.ts";
import { Program, TSX } from "../../support/launch.ts";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { onTerminal } from "../../support/terminal.ts";

const ASK = [...TSX, "test/support/ask.ts"];
const EMPTY = { text: "", sequence: "", rest: "" };

const TYPED: [what: string, keys: string, text: string, ended: string | undefined, rest?: string][] = [
  ["characters", "secret", "secret", undefined],
  ["Enter", "secret\r", "secret", "enter"],
  ["a line feed", "secret\n", "secret", "enter"],
  ["what is behind Enter", "secret\rmore\r", "secret", "enter", "more\r"],
  ["Backspace", "secx\u007fret\r", "secret", "enter"],
  ["Ctrl-H", "secx\bret\r", "secret", "enter"],
  ["Backspace at the beginning", "\u007f\u007fa\r", "a", "enter"],
  ["Backspace behind an emoji", "a\u{1f600}\u007f\r", "a", "enter"],
  ["Ctrl-U", "wrong\u0015right\r", "right", "enter"],
  ["Ctrl-W", "one two \u0017x\r", "one x", "enter"],
  ["Ctrl-C", "secret\u0003more", "", "interrupt"],
  ["Ctrl-D behind something", "a\u0004b\r", "ab", "enter"],
  ["Ctrl-D on an empty line", "\u0004", "", "end"],
  ["arrow keys", "a\u001b[A\u001b[1;5Cb\u001bOPc\r", "abc", "enter"],
  ["a sequence that is not ended by much", `\u001b[${"1".repeat(100)}\r`, `${"1".repeat(69)}`, "enter"],
  ["Tab and other controls", "a\tb\u0001c\u0000\r", "abc", "enter"],
];
for (const [what, keys, text, ended, rest = ""] of TYPED) {
  test(`type takes ${what}, in one piece and key by key`, () => {
    const whole = type(EMPTY, keys);
    assert.is(whole.text, text);
    assert.is(whole.ended, ended);
    assert.is(whole.rest, rest);
    let typing = type(EMPTY, "");
    for (const key of keys) {
      if (typing.ended === undefined) typing = type(typing, key);
    }
    assert.is(typing.text, text);
    assert.is(typing.ended, ended);
  });
}

test("type keeps a bounded line, whatever is poured into it", () => {
  assert.ok(type(EMPTY, "x".repeat(100_000)).text.length <= 513);
});

test("on a terminal the password does not show, and the terminal is as it was afterwards", async () => {
  const { shown, ended, echoes, left } = await onTerminal(ASK, [
    ["Password: ", "s\u00e9crXX\u007f\u007fet\u001b[D\r"],
  ]);
  assert.is(ended, 0, shown);
  assert.is(left, 0);
  assert.is(shown, 'Password: \r\n"s\u00e9cret"\r\n');
  assert.is(echoes, true);
});

test("a character may come in two pieces", async () => {
  const bytes = new TextEncoder().encode("p\u00e4ssw\u00f6rd\r");
  const { shown } = await onTerminal(ASK, [
    ["Password: ", bytes.subarray(0, 2)],
    ["", bytes.subarray(2)],
  ]);
  assert.is(shown, 'Password: \r\n"p\u00e4ssw\u00f6rd"\r\n');
});

test("what is typed in another encoding is refused, and the terminal is as it was", async () => {
  const { shown, ended, left, echoes } = await onTerminal(ASK, [
    ["Password: ", Buffer.from("p\u00e4ss\r", "latin1")],
  ]);
  assert.is(ended, 1, shown);
  assert.is(left, 0);
  assert.is(shown, "Password: \r\nerror: what the terminal sends is not UTF-8; check its encoding\r\n");
  assert.is(echoes, true);
});

test("Ctrl-C ends the program as SIGINT does, and puts the terminal back; what was typed is gone", async () => {
  const { shown, ended, echoes } = await onTerminal(ASK, [["Password: ", "secret\u0003"]]);
  assert.is(ended, -2);
  assert.is(shown, "Password: ");
  assert.is(echoes, true);
  const stay = await onTerminal([...ASK, "stay"], [["Password: ", "secret\u0003"]]);
  assert.is(stay.ended, 1);
  assert.match(stay.shown, /SIGINT was heard/);
  assert.match(stay.shown, /error: interrupted/);
  assert.not.match(stay.shown, /secret/);
});

test("Ctrl-D gives up", async () => {
  const { shown, ended } = await onTerminal(ASK, [["Password: ", "\u0004"]]);
  assert.is(ended, 1);
  assert.match(shown, /^Password: \r\nerror: no password was given\r\n$/);
});

test("a new password is asked for twice, even when both are typed ahead; two that differ, and a short one, are refused", async () => {
  const asked = (keys: [string, string][]) => onTerminal([...ASK, "new"], keys);
  const good = await asked([["New password: ", "correct horse\rcorrect horse\r"]]);
  assert.is(good.shown, 'New password: \r\nThe same again: \r\n"correct horse"\r\n');
  const differ = await asked([
    ["New password: ", "correct horse\r"],
    ["again: ", "correct hors\r"],
  ]);
  assert.is(differ.ended, 1);
  assert.match(differ.shown, /error: the two passwords differ\r\n$/);
  const short = await asked([["New password: ", "short\r"]]);
  assert.match(short.shown, /error: the password is too short: 5 characters, at least 8 are needed\r\n$/);
});

test("without any terminal, that is said", async () => {
  const { status, stderr } = await new Program(["setsid", ...ASK]).ending;
  assert.is(status, 1);
  assert.match(
    stderr,
    /^error: there is no terminal to ask for the password on; give it in a file or on standard input\n$/,
  );
});

test("when standard input is a pipe, the terminal that the program was started from is asked", async () => {
  const { shown, ended } = await onTerminal(
    ["sh", "-c", `echo piped | ${ASK.map((word) => `'${word}'`).join(" ")}`],
    [["Password: ", "secret\r"]],
  );
  assert.is(ended, 0, shown);
  assert.is(shown, 'Password: \r\n"secret"\r\n');
});

test("readPassword takes the first line of a private file", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "password");
    await rejects(readPassword(file), `${file} cannot be used: there is no such file`);
    for (const contents of ["correct horse", "correct horse\n", "correct horse\r\nmore\n"]) {
      await writeFile(file, contents, { mode: 0o600 });
      assert.is(await readPassword(file), "correct horse");
    }
    await writeFile(file, "\ufeffcorrect horse\r\n");
    assert.is(await readPassword(file), "correct horse");
    await writeFile(file, Buffer.from("caf\u00e91234\n", "latin1"));
    await rejects(readPassword(file), `${file} cannot be used: line 1 is not UTF-8`);
    await writeFile(file, Buffer.from("\ufeffcorrect horse\r\n", "utf16le"));
    await rejects(readPassword(file), /: it is UTF-16, and UTF-8 is expected; convert it with: /);
    await writeFile(file, "\nsecond line\n");
    await rejects(readPassword(file), `there is no password on the first line of ${file}`);
    await chmod(file, 0o644);
    await rejects(
      readPassword(file),
      `${file} cannot be used: others may read or write it; fix that with: chmod 600 ${file}`,
    );
  });
});

test.run();
