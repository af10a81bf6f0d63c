import { test } from "uvu";
import * as assert from "uvu/assert";
import { Attempts, KEYS_PER_USER, type LoginAttempt } from "../../../exercises/06-login/attempts.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { settle } from "../../support/streams.ts";

const { signal } = new AbortController();
const right = async () => "right";
const wrong = async () => undefined;

function attempt(key: string, user = "alice", address = "192.0.2.1"): LoginAttempt {
  return { address, user, key, signal };
}

/** Starts an attempt; returns a function that says whether it is answered. */
function start(
  attempts: Attempts,
  one: LoginAttempt,
  evaluate: () => Promise<string | undefined>,
): () => boolean {
  let isAnswered = false;
  const answer = () => {
    isAnswered = true;
  };
  attempts.attempt(one, evaluate).then(answer, answer);
  return () => isAnswered;
}

test.after.each(releaseClock);

test("a wrong proof delays its address; a key that has logged in before is not delayed by others", async () => {
  stopClock();
  const attempts = new Attempts(1);
  attempts.know("alice", "her key");
  const guess = start(attempts, attempt("another key"), wrong);
  await settle();
  const stranger = start(attempts, attempt("a third key"), right);
  const alice = start(attempts, attempt("her key"), right);
  await settle();
  assert.equal([guess(), stranger(), alice()], [false, false, true]);
  passTime(1);
  await settle();
  assert.equal([guess(), stranger()], [true, true]);
});

test("the exemption is for that user and that key only", async () => {
  stopClock();
  const attempts = new Attempts(1);
  attempts.know("alice", "her key");
  start(attempts, attempt("another key"), wrong);
  await settle();
  const others = [attempt("her key", "bob"), attempt("another key", "alice")].map((one) =>
    start(attempts, one, right),
  );
  await settle();
  assert.equal(
    others.map((isAnswered) => isAnswered()),
    [false, false],
  );
});

test("a known key that guesses is delayed, more each time, and delays no other", async () => {
  stopClock();
  const attempts = new Attempts(1);
  attempts.know("alice", "her key");
  for (const seconds of [1, 2, 4, 8, 16, 16]) {
    const guess = start(attempts, attempt("her key"), wrong);
    await settle();
    passTime(seconds - 0.5);
    await settle();
    assert.not(guess(), `after ${seconds - 0.5} s`);
    const stranger = start(attempts, attempt(`key ${seconds}`, "bob"), right);
    await settle();
    assert.ok(stranger());
    passTime(0.5);
    await settle();
    assert.ok(guess(), `after ${seconds} s`);
  }
});

test("a user's oldest key is forgotten when there are too many", async () => {
  stopClock();
  const attempts = new Attempts(1);
  for (let key = 0; key <= KEYS_PER_USER; key += 1) attempts.know("alice", `key ${key}`);
  attempts.know("bob", "a key");
  start(attempts, attempt("another key"), wrong);
  await settle();
  const [first, second] = [0, 1].map((key) => start(attempts, attempt(`key ${key}`), right));
  await settle();
  assert.equal([first?.(), second?.()], [false, true]);
});

test.run();
