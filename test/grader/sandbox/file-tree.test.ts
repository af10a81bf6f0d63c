import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { copyTree } from "./file-tree.ts";

/** Makes two folders, one to copy and one to copy to. */
function withFolders(use: (from: string, to: string) => void): Promise<void> {
  return withFolder(async (folder) => {
    mkdirSync(join(folder, "from"));
    use(join(folder, "from"), join(folder, "to"));
  });
}

test("copyTree copies files and folders, with their permissions and times", () =>
  withFolders((from, to) => {
    mkdirSync(join(from, "keys"));
    writeFileSync(join(from, "keys", "private.pem"), "key");
    chmodSync(join(from, "keys", "private.pem"), 0o600);
    writeFileSync(join(from, "run.sh"), "#!/bin/sh");
    chmodSync(join(from, "run.sh"), 0o755);
    utimesSync(join(from, "run.sh"), 1000, 2000);
    mkdirSync(join(from, "empty"));
    chmodSync(join(from, "empty"), 0o555);
    assert.equal(copyTree(from, to), { bytes: 12, skipped: [] });
    assert.equal(readdirSync(to).toSorted(), ["empty", "keys", "run.sh"]);
    assert.is(readFileSync(join(to, "keys", "private.pem"), "utf8"), "key");
    assert.is(statSync(join(to, "keys", "private.pem")).mode & 0o777, 0o600);
    assert.is(statSync(join(to, "run.sh")).mode & 0o777, 0o755);
    assert.is(statSync(join(to, "run.sh")).mtimeMs, 2_000_000);
    assert.is(statSync(join(to, "empty")).mode & 0o777, 0o555);
  }));

test("copyTree does not follow links, and reports them", () =>
  withFolders((from, to) => {
    symlinkSync("/etc", join(from, "folder"));
    symlinkSync("/etc/hosts", join(from, "file"));
    mkdirSync(join(from, "sub"));
    symlinkSync("..", join(from, "sub", "up"));
    const { skipped } = copyTree(from, to);
    assert.equal(skipped.toSorted(), ["file", "folder", "sub/up"]);
    assert.equal(readdirSync(to), ["sub"]);
    assert.equal(readdirSync(join(to, "sub")), []);
  }));

test("copyTree leaves out the given names", () =>
  withFolders((from, to) => {
    for (const path of ["node_modules", ".git", "sub/node_modules"]) {
      mkdirSync(join(from, path), { recursive: true });
      writeFileSync(join(from, path, "x"), "x");
    }
    copyTree(from, to, { leaveOut: ["node_modules", ".git"] });
    assert.equal(readdirSync(to), ["sub"]);
    assert.equal(readdirSync(join(to, "sub")), []);
  }));

test("copyTree throws above its limits", () =>
  withFolders((from, to) => {
    writeFileSync(join(from, "a"), "12345");
    writeFileSync(join(from, "b"), "678901");
    assert.is(copyTree(from, to, { limits: { bytes: 11, entries: 2 } }).bytes, 11);
    throws(
      () => copyTree(from, to, { limits: { bytes: 10, entries: 2 } }),
      "more than 10 bytes of files, up to b",
    );
    throws(() => copyTree(from, to, { limits: { bytes: 11, entries: 1 } }), "more than 1 files and folders");
  }));

test("copyTree throws if the folder does not exist", () =>
  withFolders((from, to) => throws(() => copyTree(join(from, "none"), to), /ENOENT/)));

test.run();
