/** The layout of the manifests that init writes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatManifest } from "./format-manifest.ts";

const words = Array.from({ length: 30 }, (_, index) => `word${index}`);
const manifest = {
  tasks: {
    part1: {
      folder: undefined,
      prepare: [words, ["make"]],
      server: { command: ["python3", "a.py"], stdin: [{ wait: 'say "hi": ' }, "{reply}"] },
      port: 5000,
    },
  },
};

test("formatManifest writes the same JSON", () => {
  assert.equal(JSON.parse(formatManifest(manifest)), JSON.parse(JSON.stringify(manifest)));
});

test("formatManifest puts on a line what fits, and no more", () => {
  const text = formatManifest(manifest);
  assert.match(text, `"stdin": [{ "wait": "say \\"hi\\": " }, "{reply}"]`);
  assert.ok(
    text.split("\n").every((line) => line.length <= 100),
    text,
  );
  assert.ok(text.split("\n").length < 25, text);
});

test.run();
