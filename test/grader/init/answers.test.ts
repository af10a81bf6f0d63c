/** What programs ask for, and what they are answered. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { answerTo, chooseWord, TEXTS } from "./answers.ts";
import { waitText } from "./findings.ts";
import { type Role, roleOf } from "./roles.ts";

const ROLES: readonly (readonly [prompt: string, role: Role | undefined])[] = [
  ["Enter server IP: ", "host"],
  ["Host [localhost]: ", "host"],
  ["Enter the IP address of the message server: ", "host"],
  ["Port to listen on: ", "port"],
  ["server_port", "port"],
  ["Enter your username: ", "name"],
  ["Choose a nickname: ", "name"],
  ["What's your name? ", "name"],
  ["Enter message to send to the server: ", "message"],
  ["Type something: ", "message"],
  ["You: ", "message"],
  ["Mensaje: ", "message"],
  ["Enter the password: ", "password"],
  ["Enter your choice: ", "choice"],
  ["Continue? (y/n) ", "yes"],
  ["Enter a prime number p: ", "prime"],
  ["Enter another prime q: ", "other prime"],
  ["Enter another prime number: ", "other prime"],
  ["Key size in bits: ", "size"],
  ["Enter the key: ", "key"],
  ["Enter the file name: ", "file"],
  [" -> ", undefined],
  ["> ", undefined],
];

for (const [prompt, role] of ROLES)
  test(`roleOf ${JSON.stringify(prompt)} is ${role}`, () => {
    assert.is(roleOf(prompt), role);
  });

test("answerTo gives each side its own text, and the server's address to both", () => {
  assert.is(answerTo("Message: ", "client").line, "{message}");
  assert.is(answerTo("Message: ", "server").line, "{reply}");
  assert.is(answerTo("IP and then\nhost: ", "server").line, "{host}");
  assert.is(answerTo("", "client").line, "{message}");
});

test("answerTo answers what is asked, not the other side's text", () => {
  const received = `from connected user: ${TEXTS.message}\n -> `;
  assert.equal(answerTo(received, "server"), { role: "message", line: "{reply}" });
});

test("answerTo asks an earlier line if the last one is only an arrow", () => {
  assert.is(answerTo("Welcome\nWhat is the port?\n> ", "client").line, "{port}");
});

test("answerTo picks from a menu by side", () => {
  for (const menu of [
    "Do you want to host (1) or to connect (2): ",
    "1) Host\n2) Connect\nYour choice: ",
    "Welcome\n[1] Wait for incoming connection\n[2] Connect to peer\n>> ",
    "[1] Start server\n[2] Join as client\n> ",
    "1. Be the server\n2. Be the client\nSelect an option: ",
  ]) {
    assert.is(answerTo(menu, "server").line, "1", menu);
    assert.is(answerTo(menu, "client").line, "2", menu);
  }
  assert.is(answerTo("1. Show keys\n2. Send a message\n3. Quit\nOption: ", "client").line, "2");
  assert.is(answerTo("Are you the server or the client? ", "server").line, "server");
});

test("chooseWord picks the word of a side, also if it is a letter", () => {
  assert.is(chooseWord(["client", "server"], "server"), "server");
  assert.is(chooseWord(["-c", "-s"], "server"), "-s");
  assert.is(chooseWord(["listen", "dial"], "client"), "dial");
});

test("waitText returns the part of a prompt that the next run prints too", () => {
  assert.is(waitText("Server started\nEnter your message: "), "Enter your message: ");
  assert.is(waitText("Enter your message:\n"), "Enter your message:");
  assert.is(waitText(`Partner: ${TEXTS.message}\n`), "Partner: ");
  assert.is(waitText("Connected to ('127.0.0.1', 46001)\n> "), "> ");
  assert.is(waitText("\u001b[32mSay: "), "mSay: ");
  assert.is(waitText("  \n"), undefined);
});

test.run();
