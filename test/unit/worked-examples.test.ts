import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fingerprintOf } from "../../lib/keys.ts";
import { examplePart1, examplePart2, PEM, render, SPKI } from "../support/worked-examples.ts";

const readme = readFileSync(new URL("../../lib/README.md", import.meta.url), "utf8");

function assertShown(block: string): void {
  assert.ok(
    readme.includes(`\`\`\`text\n${block.trimEnd()}\n\`\`\``),
    `lib/README.md does not show:\n${block}`,
  );
}

test("lib/README.md shows the key pairs of the examples", () => {
  assertShown(PEM.client);
  assertShown(PEM.server);
});

test("lib/README.md names the fingerprints of the key pairs", async () => {
  for (const spki of [SPKI.client, SPKI.server]) {
    const fingerprint = await fingerprintOf(spki);
    assert.ok(readme.includes(`Its fingerprint is \`${fingerprint}\`.`), fingerprint);
  }
});

test("lib/README.md shows the example of part 1, byte by byte", () => {
  assertShown(render(examplePart1()));
});

test("lib/README.md shows the example of part 2, byte by byte", () => {
  assertShown(render(examplePart2()));
});

test.run();
