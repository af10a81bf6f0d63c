import { test } from "uvu";
import * as assert from "uvu/assert";
import { IN_FLIGHT } from "../../../exercises/06-login/protocol.ts";
import { type Item, SESSIONS_PER_USER, Sessions } from "../../../exercises/06-login/sessions.ts";
import { throws } from "../../support/rejects.ts";

function item(number: number, { text = `text ${number}`, session = "s", user = "alice" } = {}): Item {
  return { user, session, number, text };
}

function withLast(last: number): Sessions {
  const sessions = new Sessions();
  for (let number = 1; number <= last; number += 1) sessions.add(item(number));
  return sessions;
}

test("the first message of a session is number 1, and each is one more", () => {
  const sessions = new Sessions();
  throws(() => sessions.judge(item(2)), "message 2 is refused: expected 1");
  for (let number = 1; number < 200; number += 1) {
    assert.is(sessions.judge(item(number)), "next");
    sessions.add(item(number));
    throws(
      () => sessions.judge(item(number + 2)),
      `message ${number + 2} is refused: expected ${number + 1}`,
    );
  }
});

test("a message that is sent again is known; with another text it is refused", () => {
  const sessions = withLast(3);
  for (const number of [1, 2, 3]) {
    assert.is(sessions.judge(item(number)), "known");
    throws(
      () => sessions.judge(item(number, { text: "other" })),
      `message ${number} is refused: it was another text before`,
    );
  }
});

test("as many are compared as a client has in flight; older ones are refused", () => {
  const sessions = withLast(IN_FLIGHT + 2);
  assert.is(sessions.judge(item(3)), "known");
  throws(() => sessions.judge(item(2)), /message 2 is refused: the last one is 66, too far ahead/);
});

test("sessions, and users, are apart", () => {
  const sessions = withLast(3);
  assert.is(sessions.judge(item(1, { session: "t" })), "next");
  assert.is(sessions.judge(item(1, { user: "bob", text: "other" })), "next");
});

test("takeBack undoes add", () => {
  const sessions = withLast(2);
  sessions.add(item(3));
  sessions.takeBack(item(3));
  assert.is(sessions.judge(item(3, { text: "other" })), "next");
  assert.is(sessions.judge(item(2)), "known");
  sessions.takeBack(item(2));
  sessions.takeBack(item(1));
  assert.is(sessions.judge(item(1, { text: "other" })), "next");
  sessions.takeBack(item(1, { session: "unknown" }));
});

test("a session that has ended takes nothing old", () => {
  const sessions = withLast(2);
  sessions.end({ user: "alice", session: "s" });
  throws(() => sessions.judge(item(2)), /message 2 is refused/);
  throws(() => sessions.judge(item(1)), /message 1 is refused/);
  sessions.end({ user: "bob", session: "s" });
});

test("of too many sessions of a user, those that ended are forgotten first, then the oldest; others keep theirs", () => {
  const sessions = new Sessions();
  const known = (session: string, user = "alice") => {
    try {
      return sessions.judge(item(2, { session, user })) === "next";
    } catch {
      return false;
    }
  };
  sessions.add(item(1, { user: "bob", session: "0" }));
  for (let id = 0; id < SESSIONS_PER_USER; id += 1) sessions.add(item(1, { session: `${id}` }));
  sessions.end({ user: "alice", session: "5" });
  sessions.add(item(1, { session: "new" }));
  assert.equal(
    ["0", "1", "5", "new"].map((id) => known(id)),
    [true, true, false, true],
  );
  // used again, so "1" is the oldest now
  sessions.add(item(2, { session: "0" }));
  sessions.add(item(1, { session: "newer" }));
  assert.equal(
    ["1", "2", "newer"].map((id) => known(id)),
    [false, true, true],
  );
  assert.ok(known("0", "bob"));
});

test.run();
