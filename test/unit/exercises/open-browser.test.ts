import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openBrowser } from "../../../exercises/07-chat/window/open-browser.ts";
import { withFolder } from "../../support/temporary.ts";

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux("openBrowser starts nothing with the token: it is in a file of this user only", async () => {
  await withFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const opener = join(folder, "xdg-open");
    writeFileSync(opener, `#!/bin/sh\nprintf '%s' "$*" >'${pipe}'\n`);
    chmodSync(opener, 0o755);
    const before = process.env["PATH"];
    process.env["PATH"] = `${folder}${delimiter}${before}`;
    try {
      const url = "http://127.0.0.1:5000/#secret-token";
      openBrowser(url);
      const file = await readFile(pipe, "utf8");
      assert.not.match(file, /secret-token/);
      assert.match(readFileSync(file, "utf8"), new RegExp(`url=${url}"`));
      assert.is(statSync(file).mode & 0o777, 0o600);
    } finally {
      process.env["PATH"] = before;
    }
  });
});

test.run();
