import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  formatUsers,
  parseUsers,
  type UserEntry,
  UserList,
  userListFile,
} from "../../../exercises/05-ftp/ftp/server/user-list.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import { COST, formatRecord, hashPassword, MIN_COST } from "../../../lib/passwords/password.ts";
import { rejects, throws } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const HEADER = "name,password,home,quota,rights";
const RECORD = await hashPassword("correct horse", MIN_COST);
const HASH = formatRecord(RECORD);
const ALICE: UserEntry = {
  name: "alice",
  password: RECORD,
  home: "/alice",
  quota: undefined,
  readOnly: false,
  admin: false,
};

test("parseUsers and formatUsers are each other's inverse", async () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
  const home = fc
    .array(
      fc
        .string({ unit: "grapheme", minLength: 1, maxLength: 10 })
        .filter((text) => !/[/\0\r\n]|^\.{1,2}$|^\.sml/.test(text)),
      { maxLength: 3 },
    )
    .map((parts) => `/${parts.join("/")}`);
  const user = fc.record(
    {
      name,
      password: fc.constant(RECORD),
      home,
      quota: fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
      readOnly: fc.boolean(),
      admin: fc.boolean(),
    },
    { noNullPrototype: true },
  );
  await fc.assert(
    fc.property(fc.uniqueArray(user, { selector: (one) => one.name, maxLength: 5 }), (users) => {
      assert.equal(parseUsers(formatUsers(users)), users);
    }),
  );
});

test("parseUsers accepts a byte order mark, CR LF, spaces around cells, empty lines and quotes", () => {
  const text = `\ufeff${HEADER}\r\n\r\nalice , ${HASH},"/a, ""b""", 2 GiB ,read\r\n`;
  assert.equal(parseUsers(text), [{ ...ALICE, home: '/a, "b"', quota: 2 * 1024 ** 3, readOnly: true }]);
  assert.equal(parseUsers(`${HEADER}\n`), []);
});

const row = (cells: Partial<Record<"name" | "password" | "home" | "quota" | "rights", string>>) => {
  const { name = "alice", password = HASH, home = "/alice", quota = "", rights = "read write" } = cells;
  return `${HEADER}\n${name},${password},${home},${quota},${rights}\n`;
};
const BAD: [what: string, text: string, reason: RegExp | string][] = [
  ["an empty file", "", `line 1: expected ${HEADER}`],
  ["no header", row({}).split("\n").slice(1).join("\n"), `line 1: expected ${HEADER}`],
  ["a cell too few", `${HEADER}\nalice,${HASH},/alice,\n`, 'line 2: invalid rights ""'],
  ["a cell too many", `${HEADER}\nalice,secret,/alice,,read,more\n`, "line 2: 6 cells, expected 5"],
  ["a quote that does not end", `${HEADER}\nalice,"secret\n`, "line 2: its quotation marks are not balanced"],
  ["no name", row({ name: "" }), 'line 2: invalid name ""'],
  ["a name that is a path", row({ name: "../alice" }), 'line 2: invalid name "../alice"'],
  ["a name twice", row({}) + row({}).split("\n").slice(1).join("\n"), "line 3: alice is in the list twice"],
  [
    "a plaintext password",
    row({ password: "secret" }),
    "line 2: the password is not $pbkdf2-sha256$i=COST$SALT$HASH",
  ],
  [
    "a password of low cost",
    row({ password: HASH.replace("i=1000", "i=10") }),
    /^line 2: the password's cost is 10,/,
  ],
  ["no home", row({ home: "" }), 'line 2: invalid home "": expected a path such as /alice'],
  [
    "a home that is relative",
    row({ home: "alice" }),
    'line 2: invalid home "alice": expected a path such as /alice',
  ],
  [
    "a home that climbs",
    row({ home: "/../alice" }),
    'line 2: invalid home "/../alice": expected a path such as /alice',
  ],
  [
    "a home that has two names",
    row({ home: "/alice/" }),
    'line 2: invalid home "/alice/": expected a path such as /alice',
  ],
  [
    "a quota that is none",
    row({ quota: "lots" }),
    'line 2: invalid quota "lots": expected bytes, or a size such as 500 MiB',
  ],
  ["no rights", row({ rights: "" }), 'line 2: invalid rights ""'],
  ["unknown rights", row({ rights: "read sudo" }), 'line 2: invalid rights "read sudo"'],
  ["rights without reading", row({ rights: "write" }), 'line 2: invalid rights "write"'],
  ["rights twice", row({ rights: "read read" }), 'line 2: invalid rights "read read"'],
  ["a name that drives the terminal", row({ name: "\u001b[2J" }), 'line 2: invalid name "\\u{1b}[2J"'],
];
for (const [what, text, reason] of BAD) {
  test(`parseUsers refuses ${what}, names the line, and quotes no password`, () => {
    throws(() => parseUsers(text), reason);
    try {
      parseUsers(text);
    } catch (error) {
      assert.not.match(String(error), /secret|pbkdf2-sha256\$i=1000/);
    }
  });
}

test("a user list has to be private, and of at most a megabyte", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    const list = userListFile(file);
    assert.is(await list.read(), undefined);
    const refused = `the user list ${file} cannot be used: `;
    await rejects(UserList.load(file), `${refused}there is no such file`);
    await writeFile(file, formatUsers([ALICE]), { mode: 0o600 });
    assert.equal(await list.read(), [ALICE]);
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      await chmod(file, mode);
      const reason = `${refused}others may read or write it; fix that with: chmod 600 ${file}`;
      await rejects(list.read(), reason);
      await rejects(UserList.load(file), reason);
      await rejects(
        list.edit((users) => users),
        reason,
      );
    }
    await chmod(file, 0o600);
    await writeFile(file, `${HEADER}\n${"\n".repeat(1024 * 1024)}`);
    await rejects(list.read(), `${file} cannot be used: it is too large, at most 1 MiB are read`);
    await writeFile(file, row({ home: "no" }));
    await rejects(list.read(), `${refused}line 2: invalid home "no": expected a path such as /alice`);
  }, MEMORY);
});

test("verify returns the user for the right password only, and never its hash", async () => {
  await withList(
    [ALICE, { ...ALICE, name: "bob", quota: 1000, readOnly: true, admin: true }],
    async (list) => {
      assert.equal(await list.verify("bob", "correct horse"), {
        name: "bob",
        home: "/alice",
        quota: 1000,
        readOnly: true,
        admin: true,
      });
      assert.equal(
        Object.keys((await list.verify("alice", "correct horse")) ?? {}).includes("password"),
        false,
      );
      for (const [name, password] of [
        ["alice", "wrong horse"],
        ["alice", ""],
        ["Alice", "correct horse"],
        ["carol", "correct horse"],
        ["", ""],
        ["__proto__", "correct horse"],
      ] as const)
        assert.is(await list.verify(name, password), undefined, name);
    },
  );
});

test("an unknown user costs as many iterations as any other, even if their costs differ", async () => {
  const costly = { ...ALICE, name: "costly", password: await hashPassword("correct horse", 5000) };
  await withList([ALICE, costly], async (list) => {
    const original = subtle.deriveBits;
    let iterations = 0;
    subtle.deriveBits = async (algorithm, key, length) => {
      if (typeof algorithm !== "string" && "iterations" in algorithm) iterations += algorithm.iterations;
      return original.call(subtle, algorithm, key, length);
    };
    try {
      for (const name of ["alice", "costly", "mallory", ""]) {
        for (const password of ["correct horse", "wrong", "", "x".repeat(1000)]) {
          iterations = 0;
          await list.verify(name, password);
          assert.is(iterations, 5000, `${name} ${password.length}`);
        }
      }
    } finally {
      subtle.deriveBits = original;
    }
  });
  assert.ok(COST > 5000);
});

test("a user who is removed, or whose password changes, during the hash cannot log in", async () => {
  await withList([ALICE], async (list, file) => {
    const original = subtle.deriveBits;
    for (const users of [[], [{ ...ALICE, password: await hashPassword("other horse", MIN_COST) }]]) {
      const changed = nextChange(list);
      subtle.deriveBits = async (...args) => {
        await replace(file, formatUsers(users));
        await changed;
        return original.apply(subtle, args);
      };
      try {
        assert.is(await list.verify("alice", "correct horse"), undefined);
      } finally {
        subtle.deriveBits = original;
      }
      const back = nextChange(list);
      await replace(file, formatUsers([ALICE]));
      await back;
      assert.ok(await list.verify("alice", "correct horse"));
    }
  });
});

test("isCurrent: a verified user stays current until any of its cells changes", async () => {
  await withList([ALICE], async (list, file) => {
    const change = async (users: UserEntry[]) => {
      const changed = nextChange(list);
      await replace(file, formatUsers(users));
      assert.is(await changed, "changed");
    };
    const other = { ...ALICE, name: "bob" };
    for (const users of [
      [],
      [{ ...ALICE, password: await hashPassword("correct horse", MIN_COST) }],
      [{ ...ALICE, home: "/elsewhere" }],
      [{ ...ALICE, quota: 0 }],
      [{ ...ALICE, readOnly: true }],
      [{ ...ALICE, admin: true }],
    ]) {
      const user = await list.verify("alice", "correct horse");
      if (!user) throw new Error("alice cannot log in");
      assert.ok(list.isCurrent(user));
      await change([other, ALICE]);
      assert.ok(list.isCurrent(user), "another user was added");
      await change([other, ...users]);
      assert.not.ok(list.isCurrent(user), JSON.stringify(users));
      await change([ALICE]);
    }
    const found = list.find("alice");
    assert.ok(found && !list.isCurrent(found), "without its password");
  });
});

test("a changed list applies at once; an invalid one is reported, and the last valid one stays", async () => {
  await withList([ALICE], async (list, file) => {
    const changed = nextChange(list);
    await replace(file, formatUsers([{ ...ALICE, name: "bob" }]));
    assert.is(await changed, "changed");
    assert.is(list.find("alice"), undefined);
    assert.is(list.find("bob")?.home, "/alice");

    for (const spoil of [() => replace(file, "nonsense"), () => chmod(file, 0o644), () => rm(file)]) {
      const failed = nextChange(list);
      await spoil();
      assert.match(await failed, /^Error: the user list \S+users\.csv cannot be used: /);
      assert.is(list.find("bob")?.name, "bob");
    }
    assert.ok(await list.verify("bob", "correct horse"));
  });
});

async function withList(
  users: UserEntry[],
  use: (list: UserList, file: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    await writeFile(file, formatUsers(users), { mode: 0o600 });
    await use(await UserList.load(file), file);
  }, MEMORY);
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function nextChange(list: UserList): Promise<string> {
  return new Promise((resolve) => {
    const stop = list.watch({
      changed: () => {
        stop();
        resolve("changed");
      },
      failed: (error) => {
        stop();
        resolve(String(error));
      },
    });
  });
}

test.run();
