import { posix } from "node:path";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  isServed,
  NAME_LIMIT,
  PATH_LIMIT,
  resolvePath,
  splitLast,
  splitPath,
  TEMPORARY_PREFIX,
} from "../../../exercises/05-ftp/ftp/storage/path.ts";
import { StorageError } from "../../../exercises/05-ftp/ftp/storage/storage-error.ts";

const COMPOSED = "\u00e9";
const DECOMPOSED = "e\u0301";

const RESOLVED: [cwd: string, name: string, path: string][] = [
  ["/", "", "/"],
  ["/a/b", "", "/a/b"],
  ["/a/b", "c", "/a/b/c"],
  ["/a/b", "/c", "/c"],
  ["/a/b", "//c///d//", "/c/d"],
  ["/a/b", "./c/./.", "/a/b/c"],
  ["/a/b", "..", "/a"],
  ["/a/b", "../..", "/"],
  ["/a/b", "../../../../etc/passwd", "/etc/passwd"],
  ["/a/b", "/../../etc/passwd", "/etc/passwd"],
  ["/a/b", "c/../../d", "/a/d"],
  ["/", "...", "/..."],
  ["/", "..a", "/..a"],
  ["/", "a..", "/a.."],
  ["/", "a\\..\\b", "/a\\..\\b"],
  ["/", "%2e%2e/a", "/%2e%2e/a"],
  ["/", "~/a", "/~/a"],
  ["/", " a ", "/ a "],
  ["/", "\uff0e\uff0e/a", "/\uff0e\uff0e/a"],
  ["/", "\u2025/a", "/\u2025/a"],
  ["/", "a\u2215..\u2215b", "/a\u2215..\u2215b"],
  ["/", COMPOSED, `/${COMPOSED}`],
  ["/", DECOMPOSED, `/${DECOMPOSED}`],
  ["/", "A", "/A"],
  ["/", "\u001b[2J", "/\u001b[2J"],
];
for (const [cwd, name, path] of RESOLVED) {
  test(`resolvePath makes ${JSON.stringify(name)} in ${cwd} ${JSON.stringify(path)}`, () => {
    assert.is(resolvePath(cwd, name), path);
  });
}

const REFUSED: [what: string, name: string][] = [
  ["a NUL", "a\0b"],
  ["a NUL in what .. takes away", "a\0b/../c"],
  ["a CR", "a\rb"],
  ["a LF", "a\nDELE b"],
  ["half a surrogate pair", "a\ud800"],
  ["a name of 256 bytes", "a".repeat(NAME_LIMIT + 1)],
  ["a name of 256 bytes in 128 characters", COMPOSED.repeat(128)],
  ["a path of 4097 bytes", `${"/a".repeat(PATH_LIMIT / 2)}b`],
  ["a temporary file", `${TEMPORARY_PREFIX}1-00000000000000000000000000000000`],
  ["a temporary file as a folder", `a/${TEMPORARY_PREFIX}/b`],
  ["a temporary file in capitals", ".SML-Upload-1"],
  ["a temporary file in full width", "\uff0e\uff53ml-upload-1"],
  ["a temporary file with a long s", ".\u017fml-upload-1"],
  ["a temporary file with a zero width joiner", ".sml\u200d-upload-1"],
  ["a temporary file with a soft hyphen", ".s\u00adml-upload-1"],
];
for (const [what, name] of REFUSED) {
  test(`resolvePath refuses ${what}`, () => {
    let error: unknown;
    try {
      resolvePath("/x", name);
    } catch (thrown) {
      error = thrown;
    }
    assert.instance(error, StorageError);
    assert.is(error instanceof StorageError && error.code, "name");
  });
}

test("resolvePath takes a name of 255 bytes, and a path of 4096", () => {
  assert.is(resolvePath("/", "a".repeat(NAME_LIMIT)).length, NAME_LIMIT + 1);
  assert.is(resolvePath("/", "a/".repeat(PATH_LIMIT / 2)).length, PATH_LIMIT);
  // components that .. removes do not count
  assert.is(resolvePath("/", `${"a/../".repeat(PATH_LIMIT)}b`), "/b");
});

const PIECE = fc.oneof(
  fc.constantFrom("..", ".", "", "/", "//", "../", "/..", "a", ".sml", COMPOSED, DECOMPOSED, "\u0000", "\n"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
const NAME = fc.array(PIECE, { maxLength: 12 }).map((pieces) => pieces.join(""));

test("any input is refused, or becomes an absolute, canonical path in the home", async () => {
  let accepted = 0;
  await fc.assert(
    fc.property(fc.array(NAME, { maxLength: 4 }), (names) => {
      let cwd = "/";
      for (const name of names) {
        try {
          cwd = resolvePath(cwd, name);
        } catch (error) {
          assert.instance(error, StorageError);
          continue;
        }
        accepted += 1;
        assert.ok(cwd.startsWith("/"));
        const components = cwd.slice(1).split("/");
        if (cwd !== "/") for (const one of components) assert.ok(!["", ".", ".."].includes(one), cwd);
        assert.ok(splitPath(cwd).every(isServed));
        assert.not.match(cwd, /[\0\r\n]/);
        assert.is(resolvePath("/anywhere", cwd), cwd);
        assert.is(resolvePath(cwd, "."), cwd);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 1000, `only ${accepted} were accepted`);
});

test("agrees with POSIX", async () => {
  const plain = fc.array(fc.constantFrom("a", "b", "..", ".", ""), { maxLength: 10 });
  await fc.assert(
    fc.property(plain, plain, (base, name) => {
      const cwd = resolvePath("/", base.join("/"));
      assert.is(resolvePath(cwd, name.join("/")), posix.resolve(cwd, name.join("/")));
    }),
  );
});

test("splitLast splits off the last name; / has none", () => {
  assert.equal(splitLast("/a/b"), { folder: "/a", name: "b" });
  assert.equal(splitLast("/a"), { folder: "/", name: "a" });
  assert.is(splitLast("/"), undefined);
});

test("isServed hides names that no client could use", () => {
  for (const name of ["a\nb", "a\r", `${TEMPORARY_PREFIX}x`, "\udc00"]) assert.not(isServed(name), name);
  for (const name of ["a", ".a", "a b", "\u001b", COMPOSED, ".sml", ".sml-uploads"])
    assert.ok(isServed(name), name);
});

test.run();
