import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FTP_EVENTS, type FtpEvent } from "../../../exercises/05-ftp/ftp/server/ftp-events.ts";
import { PERIOD, STRANGERS_LIMIT } from "../../../lib/async/allowance.ts";
import {
  BACKLOG_LIMIT,
  EventLog,
  FILES_KEPT,
  formatEvent,
  TEXT_LIMIT,
  USER_LIMIT,
} from "../../../lib/files/event-log.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";
import { withFolder } from "../../support/temporary.ts";

const TIME = new Date("2026-01-31T12:00:00.000Z");
const UPLOAD: FtpEvent = {
  event: "uploaded",
  session: 7,
  address: "192.0.2.1:40000",
  user: "alice",
  path: "/a",
  bytes: 5,
  seconds: 0.0123456,
};

const format = (event: FtpEvent) => formatEvent(event, TIME, FTP_EVENTS.members);
const fail = (error: unknown) => {
  throw error;
};

test("an event is one line of JSON, with its members in one order, and the outcome done by default", () => {
  assert.is(
    format(UPLOAD),
    '{"time":"2026-01-31T12:00:00.000Z","session":7,"address":"192.0.2.1:40000","user":"alice","event":"uploaded","path":"/a","bytes":5,"seconds":0.012,"outcome":"done"}\n',
  );
  assert.is(
    format({ outcome: "no space is left", event: "stopped", user: undefined }),
    '{"time":"2026-01-31T12:00:00.000Z","event":"stopped","outcome":"no space is left"}\n',
  );
});

test("only known members are written, so a password cannot slip in", () => {
  const careless = { ...UPLOAD, password: "secret", argument: "PASS secret" };
  assert.not.match(format(careless), /secret/);
});

test("any input becomes one line of printable characters, without losing information", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "\r\n{}",
      "\u009b31m",
      "\u2028",
      "\u202eabc",
      "\ud800",
      '"',
      "\\",
      "\u007f",
      "\u{e0041}",
      "\u200b",
    ),
  );
  await fc.assert(
    fc.property(text, text, (path, user) => {
      const line = format({ event: "listed", path, user });
      assert.is(line.indexOf("\n"), line.length - 1);
      assert.not.match(line.slice(0, -1), /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/u);
      const parsed = JSON.parse(line);
      assert.is(parsed.path, path);
      assert.is(parsed.user, user);
      assert.is(parsed.event, "listed");
    }),
  );
});

test("a long text is shortened", () => {
  const { path } = JSON.parse(format({ event: "listed", path: "x".repeat(TEXT_LIMIT + 1) }));
  assert.is(path, `${"x".repeat(TEXT_LIMIT)}…`);
});

test("events are appended to a private file in order, and to a new one after it was moved away", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "log");
    const log = await EventLog.open(file, FTP_EVENTS, { failed: fail });
    for (let session = 0; session < 100; session += 1) log.add({ event: "connected", session });
    await log.close();
    assert.is((await stat(file)).mode & 0o777, 0o600);
    assert.equal(await sessions(file), [...Array(100).keys()]);

    const again = await EventLog.open(file, FTP_EVENTS, { failed: fail });
    again.add({ event: "connected", session: 100 });
    await until(async () => (await sessions(file)).length === 101);
    await rename(file, `${file}.1`);
    again.add({ event: "connected", session: 101 });
    await again.close();
    assert.equal(await sessions(file), [101]);
    assert.is((await sessions(`${file}.1`)).length, 101);
  });
});

test("a log is rotated when it is full, and the oldest file is dropped", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "log");
    const rotateAt = 300;
    const log = await EventLog.open(file, FTP_EVENTS, { failed: fail, rotateAt });
    for (let session = 0; session < 20; session += 1) {
      log.add({ event: "connected", session });
      // between two renames there is no file
      await until(async () => (await sessions(file).catch((): number[] => [])).includes(session));
    }
    await log.close();
    const names = ["log", ...Array.from({ length: FILES_KEPT }, (_, index) => `log.${index + 1}`)];
    assert.equal((await readdir(folder)).toSorted(), names);
    const kept: number[] = [];
    for (const name of names.toReversed()) {
      const path = join(folder, name);
      kept.push(...(await sessions(path)));
      const { size, mode } = await stat(path);
      assert.ok(size <= rotateAt, `${name}: ${size} bytes`);
      assert.is(mode & 0o777, 0o600);
    }
    assert.equal(kept, [...Array(20).keys()].slice(20 - kept.length));
    assert.ok(kept.length > 2 * FILES_KEPT);
  });
});

test("open fails at once if the file cannot be written", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "log"));
    await rejects(
      EventLog.open(join(folder, "log"), FTP_EVENTS, { failed: fail }),
      /^cannot write the log \S+log: it is a folder$/,
    );
    await rejects(
      EventLog.open(join(folder, "no/log"), FTP_EVENTS, { failed: fail }),
      /^cannot write the log \S+log: there is no such file or folder$/,
    );
  });
});

test("many events with a slow sink neither block nor fill the memory; lost lines are counted", async () => {
  const written: string[] = [];
  let release = () => {};
  const sink = async (text: string) => {
    written.push(text);
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  };
  const log = new EventLog(FTP_EVENTS, { sink, failed: fail });
  const path = "x".repeat(1000);
  const total = 1500;
  for (let session = 0; session < total; session += 1)
    log.add({ event: "listed", user: "alice", session, path });
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    release();
  }
  await log.close();
  const lines = written
    .join("")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.ok(written.join("").length < BACKLOG_LIMIT + 2000, `${written.join("").length} characters`);
  const kept = lines.filter(({ event }) => event === "listed");
  const lost = lines.filter(({ event }) => event === "lost");
  assert.is(lost.length, 1);
  assert.is(kept.length + lost[0].lines, total);
  assert.equal(
    kept.map(({ session }) => session),
    [...Array(kept.length).keys()],
  );
});

test("a failing sink is reported once, loses lines, and is tried again", async () => {
  const written: string[] = [];
  const errors: unknown[] = [];
  let isFull = true;
  const log = new EventLog(FTP_EVENTS, {
    sink: async (text) => {
      if (isFull) throw new Error("the disk is full");
      written.push(text);
    },
    failed: (error) => errors.push(error),
  });
  for (let session = 0; session < 3; session += 1) {
    log.add({ event: "connected", session });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is(errors.length, 1);
  isFull = false;
  log.add({ event: "connected", session: 3 });
  await log.close();
  const lines = written
    .join("")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(
    lines.map(({ event, session, lines: lost }) => [event, session ?? lost]),
    [
      ["connected", 3],
      ["lost", 3],
    ],
  );
});

/** The kinds of event that a client can cause without a login, and with one. */
const BY_STRANGERS: FtpEvent[] = [
  { event: "turned away" },
  { event: "connected" },
  { event: "disconnected" },
  { event: "encrypted" },
  { event: "not encrypted" },
  { event: "client", client: "x".repeat(2000) },
  // the log names existing users only
  { event: "login refused", user: "alice" },
];
const BY_USERS: FtpEvent[] = (
  ["login", "client", "listed", "uploaded", "transfer failed", "renamed", "mode set", "time set"] as const
).map((event) => ({ event, user: "alice", path: "/\u009b".repeat(500) }));

for (const [events, limit] of [
  [BY_STRANGERS, STRANGERS_LIMIT],
  [BY_USERS, USER_LIMIT],
] as const)
  for (const event of events)
    test(`a flood of ${JSON.stringify(event.event)} ${event.user ? "of a user" : ""} is limited, and summed up once a period`, async () => {
      stopClock();
      const { log, lines, size } = inMemory();
      const address = "192.0.2.1:40000";
      for (let round = 0; round < 2; round += 1) {
        const count = 3000;
        for (let index = 0; index < count; index += 1) {
          log.add({ ...event, address });
          if (index % 100 === 0) await settle();
        }
        await settle();
        const shown = lines().length;
        assert.ok(size() <= limit + 2 * TEXT_LIMIT * 6, `${size()} characters`);
        assert.ok(shown > 0 && shown < count);
        // other kinds are not affected, nor other users
        log.add({ event: "users changed" });
        log.add({ event: "uploaded", user: "bob" });
        await settle();
        assert.is(lines().length, shown + 2);
        passTime(PERIOD);
        await settle();
        const { time: _, ...sum } = lines().at(-1) ?? {};
        const more = (count - shown).toLocaleString("en");
        const user = event.event === "login refused" ? undefined : event.user;
        assert.equal(sum, { ...(user && { user }), event: event.event, outcome: `and ${more} more` });
        assert.is(lines(true).length, shown + 3);
      }
      await log.close();
    });

test("close sums up what has no line yet; without more events a period ends without a line", async () => {
  stopClock();
  const { log, lines } = inMemory();
  log.add({ event: "connected" });
  await settle();
  passTime(PERIOD);
  await settle();
  assert.is(lines(true).length, 1);
  for (let index = 0; index < 2000; index += 1) log.add({ event: "connected" });
  await log.close();
  assert.match(lines().at(-1)?.["outcome"] ?? "", /^and 1,\d\d\d more$/);
});

/** Returns a log, its lines, and their characters. */
function inMemory() {
  let written = "";
  const sink = async (text: string) => {
    written += text;
  };
  const log = new EventLog(FTP_EVENTS, { sink, failed: fail });
  const lines = (forget = false): Record<string, string>[] => {
    const all = written.trimEnd().split("\n");
    if (forget) written = "";
    return all.map((line) => JSON.parse(line));
  };
  return { log, lines, size: () => written.length };
}

async function sessions(file: string): Promise<number[]> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line).session);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test.after.each(releaseClock);

test.run();
