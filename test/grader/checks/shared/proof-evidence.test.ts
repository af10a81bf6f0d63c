/** What a report marks and quotes of a proof. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Proof } from "../../crack/capture/proof.ts";
import { type FakeProgram, FakeTask } from "../../fakes/fake-task.ts";
import { gradeTask } from "../../grading/grade-task.ts";
import { part2 } from "../tasks/part2.ts";
import { mostTelling } from "./proof-evidence.ts";

const proof = (cipher: string, text: number, recovered: string): Proof => ({
  kind: "toy cipher",
  cipher,
  recovered,
  text,
  where: [],
  how: "",
  bits: 100,
});

test("mostTelling prefers the message to longer texts that fell in the same way", () => {
  const [repeated, message] = [proof("XOR", 6, "abcabcabcabc"), proof("XOR", 0, "hello")];
  assert.is(mostTelling([repeated, proof("Caesar", 0, "hello"), message]), message);
  assert.is(mostTelling([]), undefined);
});

/** A pair that greets, and then sends its texts in plaintext. */
const server: FakeProgram = async ({ text, print, listen }) => {
  const socket = await listen(10_001).accept();
  await socket.read();
  socket.write("welcome to this server");
  print(Buffer.from(await socket.read()).toString());
  socket.write(text);
};
const client: FakeProgram = async ({ text, print, connect }) => {
  const socket = await connect(10_001);
  socket.write("hello, I am a client");
  await socket.read();
  socket.write(text);
  print(Buffer.from(await socket.read()).toString());
};

test("the diagram of a text that was read marks the frame that carried it, and no other", async () => {
  const { checks } = await gradeTask(part2, new FakeTask({ server, client }), {
    jobs: 4,
    only: new Set(["secret"]),
    repeat: (id) => id,
  });
  const diagrams = checks
    .flatMap(({ finding }) => finding?.evidence ?? [])
    .flatMap(({ diagram }) => diagram ?? []);
  const frames = diagrams.flatMap(({ entries }) => entries.filter((entry) => entry.type === "frame"));
  assert.is(frames.length, 4);
  assert.equal(
    frames.map(({ attack }) => attack !== undefined),
    [false, false, true, false],
  );
});

test.run();
