/**
 * A chat in the terminal, line by line: standard output has `NAME: TEXT` for each text of the peer,
 * standard error all else.
 */
import { once } from "node:events";
import process from "node:process";
import { encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { readLines } from "../../lib/bytes/lines.ts";
import { formatSize, printable } from "../../lib/bytes/printable.ts";
import { TEXT_LIMIT } from "./chat-record.ts";
import type { Talk, View } from "./talk.ts";

/** Maximum length of a line in bytes; one that is longer ends the program. */
const LINE_LIMIT = 64 * 1024 * 1024;

const TRUST = {
  new: "a new key, remembered from now on: is it the right one?",
  known: "the known key",
  expected: "the expected key",
};

/** Shows a talk in the terminal. */
export const terminal: View = {
  here({ name, fingerprint, trust }, isBack) {
    console.error(`${name} is ${isBack ? "back" : "here"}: ${fingerprint}, ${TRUST[trust]}`);
  },
  async text({ name }, text) {
    // a reader of our output that is slow holds up the peer
    if (!process.stdout.write(`${name}: ${printable(text)}\n`)) await once(process.stdout, "drain");
  },
  typing() {},
  delivered(number) {
    console.error(`delivered: ${number}`);
  },
  failed(number) {
    console.error(`failed: ${number}`);
  },
  cut({ name }, reason) {
    console.error(`the connection to ${name} is cut (${reason}); waiting for it`);
  },
  over({ name }, how) {
    console.error(how === "left" ? `${name} has left` : `${name} did not come back`);
  },
};

/**
 * Says each line of standard input in the talk that is current when it is read; the first lines
 * wait for the first peer. Returns once all have been received, or have failed.
 */
export async function sayLines(current: () => Talk): Promise<void> {
  await current().met();
  for await (const line of readLines(process.stdin, LINE_LIMIT)) {
    const talk = current();
    const { length } = encodeUtf8(line);
    if (length > TEXT_LIMIT)
      console.error(
        `not sent: a text has at most ${formatSize(TEXT_LIMIT)} (${TEXT_LIMIT} bytes), this has ${length}`,
      );
    else if (talk.peer) await talk.say(line).catch(() => console.error("not sent: the talk is over"));
    else console.error("not sent: no one is here");
  }
  await current().settled();
}
