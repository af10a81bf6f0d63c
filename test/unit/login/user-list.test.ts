import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MIN_ITERATIONS, makeCredential } from "../../../exercises/06-login/scram.ts";
import { type User, UserList, userListFile } from "../../../exercises/06-login/user-list.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const HEADER = "name,password,role,state";
const SECRET = new Uint8Array(32).fill(1);

const credential = await makeCredential("correct horse", {
  salt: new Uint8Array(16).fill(7),
  iterations: MIN_ITERATIONS,
});
const ALICE: User = { name: "alice", credential, role: "operator", isLocked: false };
const BOB: User = { ...ALICE, name: "bob", role: "drone", isLocked: true };

function withList(use: (file: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => use(join(folder, "users.csv")), MEMORY);
}

test("users are read as they were written", async () => {
  await withList(async (file) => {
    await userListFile(file).edit(() => [ALICE, BOB]);
    assert.equal(await userListFile(file).load(), [ALICE, BOB]);
    const users = await UserList.open(file, SECRET);
    assert.equal(users.find("bob"), BOB);
    assert.is(users.find("carol"), undefined);
    assert.is(users.find(undefined), undefined);
  });
});

test("isCurrent notices any change of the user, and none of others", async () => {
  await withList(async (file) => {
    const users = async (...all: User[]) => {
      await userListFile(file).edit(() => all);
      return UserList.open(file, SECRET);
    };
    assert.ok((await users(ALICE, BOB)).isCurrent({ ...ALICE }));
    assert.ok((await users(ALICE)).isCurrent(ALICE));
    const changed: User[] = [
      { ...ALICE, role: "user" },
      { ...ALICE, isLocked: true },
      { ...ALICE, credential: { ...credential, iterations: MIN_ITERATIONS + 1 } },
      { ...ALICE, credential: { ...credential, storedKey: new Uint8Array(32) } },
    ];
    for (const user of changed) assert.not((await users(user)).isCurrent(ALICE));
    assert.not((await users(BOB)).isCurrent(ALICE));
  });
});

test("imitate gives an unknown name the same salt each time, another one to others, and the usual cost", async () => {
  await withList(async (file) => {
    const costly = { ...ALICE, credential: { ...credential, iterations: 10_000 } };
    await userListFile(file).edit(() => [costly, { ...costly, name: "carol" }, BOB]);
    const users = await UserList.open(file, SECRET);
    const dave = users.imitate("dave");
    assert.equal(dave, await (await UserList.open(file, SECRET)).imitate("dave"));
    assert.is(dave.iterations, 10_000);
    assert.is(dave.salt.length, credential.salt.length);
    assert.not.equal(dave.salt, users.imitate("eve").salt);
    assert.not.equal(dave.salt, (await (await UserList.open(file, new Uint8Array(32))).imitate("dave")).salt);
  });
});

const good = "SCRAM-SHA-256$4096:BwcHBwcHBwcHBwcHBwcHBw==$KEY:KEY".replaceAll("KEY", `${"A".repeat(43)}=`);
const BAD_ROWS: [row: string, reason: RegExp][] = [
  ["a b,x,user,", /line 2: invalid name "a b"/],
  ["alice,secret,user,", /line 2: the password is not SCRAM-SHA-256\$ITERATIONS/],
  [`alice,${good.replace("4096", "4095")},user,`, /line 2: the password has 4095 iterations/],
  [`alice,${good.replace("4096", "99999999")},user,`, /line 2: the password has 99999999 iterations/],
  [`alice,${good.replace("Bw==", "")},user,`, /line 2: /],
  [`alice,${good.replace("AA=", "A==")},user,`, /line 2: /],
  [`alice,${good},admin,`, /line 2: invalid role "admin": expected user, operator, drone/],
  [`alice,${good},"user drone",`, /line 2: invalid role/],
  [`alice,${good},user,open`, /line 2: invalid state "open"/],
  [`alice,${good},user,\nalice,${good},drone,`, /line 3: alice is in the list twice/],
];

test("a row that is wrong is named by its line, and no password is repeated", async () => {
  await withList(async (file) => {
    for (const [row, reason] of BAD_ROWS) {
      await writeFile(file, `${HEADER}\n${row}\n`, { mode: 0o600 });
      await rejects(UserList.open(file, SECRET), reason);
      await UserList.open(file, SECRET).catch(({ message }) => assert.not.match(message, /secret|AAAA/));
    }
  });
});

test("a list that others may read is refused", async () => {
  await withList(async (file) => {
    await userListFile(file).edit(() => [ALICE]);
    await chmod(file, 0o644);
    await rejects(UserList.open(file, SECRET), /others may read or write it/);
  });
});

test.run();
