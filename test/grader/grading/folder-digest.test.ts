import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withFolder } from "../../support/temporary.ts";
import { digestOf, graderDigest } from "./folder-digest.ts";

test("digestOf sees every change in a folder, and nothing else", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "deep"), { recursive: true });
    writeFileSync(join(folder, "deep", "a"), "one");
    symlinkSync("deep/a", join(folder, "link"));
    const digests = [await digestOf(folder)];
    assert.is(await digestOf(folder), digests[0]);
    const changes: (() => void)[] = [
      () => writeFileSync(join(folder, "deep", "a"), "two"),
      () => chmodSync(join(folder, "deep", "a"), 0o600),
      () => mkdirSync(join(folder, "empty")),
      () => writeFileSync(join(folder, "b"), ""),
      () => {
        rmSync(join(folder, "link"));
        symlinkSync("deep/b", join(folder, "link"));
      },
    ];
    for (const change of changes) {
      change();
      digests.push(await digestOf(folder));
    }
    assert.is(new Set(digests).size, changes.length + 1);
    assert.is((await graderDigest()).length, 64);
  }));

test.run();
