import { test } from "uvu";
import * as assert from "uvu/assert";
import { isSystemFile } from "./box.ts";
import { findBoxUid } from "./boxes.ts";

const EVERYONE = "         0          0 4294967295\n";
const ROOT_ALONE = "         0       1000          1\n";

test("boxes of root belong to a user without an account", () => {
  assert.is(findBoxUid(0, EVERYONE), 61_000);
  assert.is(findBoxUid(0, `         0       1000          1\n         1     100000      65536\n`), 61_000);
});

test("boxes belong to the grader where that user does not exist, and without privileges", () => {
  assert.is(findBoxUid(0, ROOT_ALONE), undefined);
  assert.is(findBoxUid(0, "0 1000 61000\n"), undefined);
  assert.is(findBoxUid(0, ""), undefined);
  assert.is(findBoxUid(1000, EVERYONE), undefined);
  assert.is(findBoxUid(undefined, ""), undefined);
});

test("boxes show what runtimes read in /etc, and no accounts, keys or passwords", () => {
  for (const name of ["ssl", "pki", "mono", "php", "php8.2", "perl", "python3.11", "java-21-openjdk", "ruby"])
    assert.ok(isSystemFile(name), name);
  for (const name of [
    "passwd",
    "shadow",
    "ssh",
    "npmrc",
    "pip.conf",
    "maven",
    "krb5.conf",
    "ssl-keys",
    "my-php",
  ])
    assert.not.ok(isSystemFile(name), name);
});

test.run();
