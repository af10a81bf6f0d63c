import process from "node:process";
import { test } from "uvu";
import { Program } from "./launch.ts";
import { rejects } from "./rejects.ts";

const FAILING = [process.execPath, "-e", "console.log('out'); console.error('err'); process.exitCode = 3"];

test("port says in plain words what a program did that did not listen", async () => {
  const expected = "a program ended with status 3 before it listened; it printed:\nout\nerr\n";
  await rejects(new Program(FAILING).port(), expected);
});

test("waitFor names the pattern that it waited for", async () => {
  const expected = "a program ended with status 3 before it printed /(x)/; it printed:\nout\nerr\n";
  await rejects(new Program(FAILING).waitFor(/(x)/), expected);
  await rejects(new Program(FAILING).waitForOutput(/(x)/), expected);
});

test.run();
