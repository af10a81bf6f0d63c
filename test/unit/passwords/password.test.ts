import { pbkdf2Sync } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { equal } from "../../../lib/bytes/bytes.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import {
  COST,
  checkNewPassword,
  dummyRecord,
  formatRecord,
  hashPassword,
  isPassword,
  MAX_BYTES,
  MAX_COST,
  MIN_COST,
  parseRecord,
  preparePassword,
} from "../../../lib/passwords/password.ts";
import { rejects, throws } from "../../support/rejects.ts";

test("a new record has today's cost, a fresh salt, and fits its password only", async () => {
  assert.is(COST, 600_000);
  const record = await hashPassword("correct horse", MIN_COST);
  assert.is(record.cost, MIN_COST);
  assert.is(record.salt.length, 16);
  assert.is(record.hash.length, 32);
  assert.ok(await isPassword("correct horse", record));
  for (const wrong of ["Correct horse", "correct hors", "correct horse ", "", "x".repeat(1000), "\0"])
    assert.not(await isPassword(wrong, record), wrong);
  const other = await hashPassword("correct horse", MIN_COST);
  assert.not(equal(record.salt, other.salt));
  assert.not(equal(record.hash, other.hash));
});

test("a record is what another implementation of PBKDF2 makes of it", async () => {
  const record = await hashPassword("pässword ✓", 2000);
  const expected = pbkdf2Sync("pässword ✓", record.salt, 2000, 32, "sha256");
  assert.ok(equal(record.hash, new Uint8Array(expected)));
  // made with Python: hashlib.pbkdf2_hmac("sha256", b"passwordPASSWORDpassword",
  // b"saltSALTsaltSALT", 4096)
  const vector = "$pbkdf2-sha256$i=4096$c2FsdFNBTFRzYWx0U0FMVA$7dwLy/xOZhGt2CFzHkKgAP31AnAk1D7AkKH+UBqvNw4";
  assert.ok(await isPassword("passwordPASSWORDpassword", parseRecord(vector)));
});

test("formatRecord and parseRecord are each other's inverse, in the PHC string format", async () => {
  const record = await hashPassword("correct horse", 1234);
  const text = formatRecord(record);
  assert.match(text, /^\$pbkdf2-sha256\$i=1234\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(parseRecord(text), record);
  assert.ok(await isPassword("correct horse", parseRecord(text)));
});

const SALT = `${"A".repeat(21)}A`;
const HASH = `${"B".repeat(42)}A`;
const SHAPE = "the password is not $pbkdf2-sha256$i=COST$SALT$HASH";
const BAD: [what: string, text: string, reason: string][] = [
  ["nothing", "", SHAPE],
  ["a plaintext password", "correct horse", SHAPE],
  ["another algorithm", `$argon2id$i=1000$${SALT}$${HASH}`, SHAPE],
  ["no cost", `$pbkdf2-sha256$${SALT}$${HASH}`, SHAPE],
  ["a cost of zero", `$pbkdf2-sha256$i=0$${SALT}$${HASH}`, SHAPE],
  ["a cost with a zero in front", `$pbkdf2-sha256$i=01000$${SALT}$${HASH}`, SHAPE],
  [
    "a low cost",
    `$pbkdf2-sha256$i=999$${SALT}$${HASH}`,
    "the password's cost is 999, it must be from 1000 to 10000000",
  ],
  [
    "a cost that keeps us busy",
    `$pbkdf2-sha256$i=${MAX_COST + 1}$${SALT}$${HASH}`,
    "the password's cost is 10000001, it must be from 1000 to 10000000",
  ],
  ["a short salt", `$pbkdf2-sha256$i=1000$${SALT.slice(1)}$${HASH}`, SHAPE],
  ["a short hash", `$pbkdf2-sha256$i=1000$${SALT}$${HASH.slice(1)}`, SHAPE],
  ["padding", `$pbkdf2-sha256$i=1000$${SALT}==$${HASH}=`, SHAPE],
  ["stray bits", `$pbkdf2-sha256$i=1000$${"A".repeat(21)}B$${HASH}`, "the password's base64 is damaged"],
  ["more behind it", `$pbkdf2-sha256$i=1000$${SALT}$${HASH}\n`, SHAPE],
];
for (const [what, text, reason] of BAD) {
  test(`parseRecord refuses ${what}`, () => throws(() => parseRecord(text), reason));
}

test("it does not matter how a password is composed, nor which space it has; case does, and spaces do (RFC 8265 §4)", async () => {
  const record = await hashPassword("caf\u00e9 cr\u00e8me", MIN_COST);
  for (const same of ["cafe\u0301 cre\u0300me", "caf\u00e9\u00a0cr\u00e8me", "caf\u00e9\u3000cr\u00e8me"])
    assert.ok(await isPassword(same, record), same);
  for (const other of ["Caf\u00e9 cr\u00e8me", "caf\u00e9cr\u00e8me", "cafe creme", " caf\u00e9 cr\u00e8me"])
    assert.not(await isPassword(other, record), other);
  // the examples of RFC 8265 §4.3
  assert.is(preparePassword("correct horse battery staple"), "correct horse battery staple");
  assert.is(preparePassword("Correct Horse Battery Staple"), "Correct Horse Battery Staple");
  assert.is(preparePassword("\u03c0\u00df\u00e5"), "\u03c0\u00df\u00e5");
  assert.is(preparePassword("Jack of \u2666s"), "Jack of \u2666s");
  assert.is(preparePassword("foo\u1680bar"), "foo bar");
  throws(() => preparePassword(""), "the password is empty");
  const invisible = "the password has control characters, or others that cannot be seen";
  for (const bad of [
    "my cat is a \u0009by",
    "a\u200bb",
    "a\u00adb",
    "\ud800",
    "a\u0378",
    "\u1100",
    "a\u202eb",
  ])
    throws(() => preparePassword(bad), invisible);
});

test("a new password has 8 characters or more, and any has 512 bytes or fewer", async () => {
  checkNewPassword("\u{1f600}".repeat(8));
  checkNewPassword("x".repeat(MAX_BYTES));
  throws(() => checkNewPassword("1234567"), "the password is too short: 7 characters, at least 8 are needed");
  throws(() => checkNewPassword("e\u0301".repeat(7)), /7 characters/);
  const long = "the password is too long: at most 512 bytes of UTF-8 are accepted";
  throws(() => checkNewPassword("x".repeat(513)), long);
  throws(() => checkNewPassword("\u00e9".repeat(257)), long);
  await rejects(hashPassword("x".repeat(513), MIN_COST), long);
});

test("isPassword makes totalCost iterations, for any record and password", async () => {
  const record = await hashPassword("correct horse", MIN_COST);
  for (const [password, isRight] of [
    ["correct horse", true],
    ["wrong horse", false],
    ["", false],
    ["\0", false],
    ["x".repeat(2000), false],
  ] as const) {
    const spied = await spy(async () => assert.is(await isPassword(password, record, 50_000), isRight));
    assert.is(spied.iterations, 50_000, password);
  }
});

test("no password fits a dummy, and two are hashed at a time at most", async () => {
  const dummy = dummyRecord(50_000);
  const { most } = await spy(async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => isPassword("x", dummy)));
    assert.ok(results.every((isRight) => !isRight));
  });
  assert.is(most, 2);
});

/** Runs `work`; returns how many iterations it made in all, and how many hashes at a time. */
async function spy(work: () => Promise<void>): Promise<{ iterations: number; most: number }> {
  const original = subtle.deriveBits;
  let [running, most, iterations] = [0, 0, 0];
  subtle.deriveBits = async (algorithm, key, length) => {
    if (typeof algorithm !== "string" && "iterations" in algorithm) iterations += algorithm.iterations;
    running += 1;
    most = Math.max(most, running);
    try {
      return await original.call(subtle, algorithm, key, length);
    } finally {
      running -= 1;
    }
  };
  try {
    await work();
    return { iterations, most };
  } finally {
    subtle.deriveBits = original;
  }
}

test.run();
