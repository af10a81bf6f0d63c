/** Parts 1 and 2 load only the files that they use: each file delays the start of a script. */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, TSX } from "../support/launch.ts";

const COMMON = [
  "async/deadline.ts",
  ...["bytes/bytes.ts", "bytes/fields.ts", "bytes/lines.ts", "bytes/names.ts", "bytes/printable.ts"],
  "bytes/release.ts",
  ...["cli/command-line.ts", "cli/diagnostics.ts", "cli/flags.ts"],
  ...["crypto/identity.ts", "crypto/keys.ts", "crypto/signature.ts", "crypto/spki.ts", "crypto/webcrypto.ts"],
  "messages/hello.ts",
  ...["net/framing.ts", "net/tcp.ts"],
];

const SCRIPTS: [string, string[]][] = [
  ["part1", ["messages/rsa-message.ts"]],
  ["part2", ["crypto/fernet.ts", "messages/hybrid-message.ts"]],
];

for (const [part, own] of SCRIPTS) {
  for (const role of ["server", "client"]) {
    test(`${part}/${role}.ts loads these files of lib, and no package beside its provider's`, () => {
      const files = [...COMMON, ...own].map((file) => `lib/${file}`);
      assert.equal(loadedBy(`${part}/${role}.ts`), [...files, `${part}/${role}.ts`].toSorted());
    });
  }
}

/** Returns the modules that `script` imports before its first line runs, without Node's own. */
function loadedBy(script: string): string[] {
  const hook = `
    import { writeSync } from "node:fs";
    export function load(url, context, next) {
      writeSync(1, "loaded " + url + "\\n");
      return next(url, context);
    }`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(moduleOf(hook))});`;
  const command = [...TSX.slice(1), "--import", moduleOf(register), script, "--help"];
  const output = execFileSync(process.execPath, command, { cwd: ROOT, encoding: "utf8" });
  const root = new URL("../../", import.meta.url).href;
  return [...output.matchAll(/^loaded (.*?)(?:\?.*)?$/gm)]
    .map(([, url = ""]) => url)
    .filter((url) => url.startsWith(root))
    .map((url) => url.slice(root.length))
    .toSorted();
}

function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

test.run();
