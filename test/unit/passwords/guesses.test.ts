import { test } from "uvu";
import * as assert from "uvu/assert";
import { Guesses, LONGEST } from "../../../lib/passwords/guesses.ts";
import { HASHES_AT_ONCE } from "../../../lib/passwords/password.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";

const UNIT = 10;

/** Attempts that a test evaluates by hand. */
class Desk {
  now = 0;
  readonly guesses = new Guesses(UNIT, () => this.now);
  /** Those being evaluated. */
  readonly running = new Map<string, (result: string | undefined) => void>();
  /** The answers, in order. */
  readonly answers: string[] = [];
  readonly errors: unknown[] = [];
  most = 0;

  /** Starts an attempt, which the test tells apart by its name. */
  async ask(
    name: string,
    { address = "192.0.2.1", account = name, signal = new AbortController().signal } = {},
  ) {
    const evaluate = () =>
      new Promise<string | undefined>((resolve) => {
        this.running.set(name, resolve);
        this.most = Math.max(this.most, this.running.size);
      });
    this.guesses.attempt({ address, account, signal }, evaluate).then(
      (result) => this.answers.push(`${name}: ${result ?? "wrong"}`),
      (error) => this.errors.push(error),
    );
    await settle();
  }

  async finish(name: string, result?: string): Promise<void> {
    const resolve = this.running.get(name);
    if (!resolve) throw new Error(`${name} is not being evaluated`);
    this.running.delete(name);
    resolve(result);
    await settle();
  }

  get names(): string[] {
    return [...this.running.keys()];
  }

  /** Lets `seconds` pass, for timers too. */
  async pass(seconds: number): Promise<void> {
    this.now += seconds * 1000;
    passTime(seconds);
    await settle();
  }
}

test.before.each(stopClock);
test.after.each(releaseClock);

test("Guesses: a wrong password is answered after a delay that doubles, up to the longest", async () => {
  const desk = new Desk();
  for (const delay of [1, 2, 4, 8, 16, 16, 16]) {
    await desk.ask("guess");
    await desk.finish("guess");
    await desk.pass(delay * UNIT - 1);
    assert.equal(desk.answers, []);
    await desk.pass(1);
    assert.equal(desk.answers.splice(0), ["guess: wrong"]);
  }
  assert.is(LONGEST, 16);
});

test("Guesses: sixty at once of one address are evaluated one after the other, seven a minute at most", async () => {
  const desk = new Desk();
  for (let index = 0; index < 60; index += 1) await desk.ask(`guess ${index}`);
  assert.is(desk.names.length, 1);
  let evaluated = 0;
  for (let second = 0; second < 60 * UNIT; second += UNIT) {
    for (const name of desk.names) {
      evaluated += 1;
      await desk.finish(name);
    }
    assert.ok(desk.names.length <= 1);
    await desk.pass(UNIT);
  }
  // all sixty are charged already
  assert.is(evaluated, Math.ceil(60 / LONGEST));
});

test("Guesses: the right password is answered at once, and is not charged", async () => {
  const desk = new Desk();
  for (let index = 0; index < 20; index += 1) {
    await desk.ask("right");
    await desk.finish("right", "alice");
    assert.equal(desk.answers.splice(0), ["right: alice"]);
  }
  await desk.ask("wrong");
  await desk.finish("wrong");
  await desk.pass(UNIT);
  assert.equal(desk.answers, ["wrong: wrong"]);
});

test("Guesses: the right password from elsewhere does not wait for the delay of others", async () => {
  const desk = new Desk();
  for (let index = 1; index < 100; index += 1) {
    await desk.ask(`guess ${index}`, { address: `198.51.100.${index}`, account: "alice" });
    // one of an account at a time
    assert.is(desk.names.length, 1);
    await desk.finish(`guess ${index}`);
  }
  await desk.ask("alice");
  await desk.finish("alice", "welcome");
  assert.equal(desk.answers, ["alice: welcome"]);
  // guesses from many addresses are delayed by what they did to the account
  await desk.ask("late", { address: "203.0.113.1", account: "alice" });
  await desk.finish("late");
  await desk.pass(LONGEST * UNIT - 1);
  assert.not(desk.answers.includes("late: wrong"));
  await desk.pass(1);
  assert.ok(desk.answers.includes("late: wrong"));
});

test("Guesses: a right password of one account does not clear what the address did to others", async () => {
  const desk = new Desk();
  for (const delay of [1, 2, 4]) {
    await desk.ask("own");
    await desk.finish("own", "mallory");
    await desk.ask("guess");
    await desk.finish("guess");
    desk.answers.length = 0;
    await desk.pass(delay * UNIT - 1);
    assert.equal(desk.answers, []);
    await desk.pass(1);
    assert.equal(desk.answers, ["guess: wrong"]);
  }
});

test("Guesses: two are evaluated at a time; of those who wait, the address with the fewest charges is next", async () => {
  const desk = new Desk();
  await desk.ask("guess", { address: "198.51.100.1" });
  await desk.finish("guess");
  await desk.pass(UNIT);
  for (const index of [2, 3]) await desk.ask(`busy ${index}`, { address: `198.51.100.${index}` });
  await desk.ask("guess", { address: "198.51.100.1" });
  await desk.ask("honest", { address: "192.0.2.1" });
  await desk.ask("newer", { address: "192.0.2.2" });
  assert.equal(desk.names, ["busy 2", "busy 3"]);
  await desk.finish("busy 2");
  assert.equal(desk.names, ["busy 3", "newer"]);
  await desk.finish("newer", "welcome");
  assert.equal(desk.names, ["busy 3", "honest"]);
  await desk.finish("busy 3");
  assert.equal(desk.names, ["honest", "guess"]);
  assert.is(desk.most, HASHES_AT_ONCE);
});

test("Guesses: a peer that is gone is not evaluated, and not charged", async () => {
  const desk = new Desk();
  await desk.ask("first");
  const gone = new AbortController();
  await desk.ask("gone", { signal: gone.signal });
  gone.abort(new Error("the peer is gone"));
  await settle();
  assert.equal(desk.errors, [new Error("the peer is gone")]);
  await rejects(
    desk.guesses.attempt({ address: "192.0.2.1", account: "a", signal: gone.signal }, async () => "right"),
    /^the peer is gone$/,
  );
  await desk.finish("first");
  await desk.pass(UNIT);
  assert.equal(desk.answers, ["first: wrong"]);
  assert.equal(desk.names, []);
});

test("Guesses: a peer that leaves during its delay keeps its address waiting", async () => {
  const desk = new Desk();
  const gone = new AbortController();
  await desk.ask("guess", { signal: gone.signal });
  await desk.finish("guess");
  await desk.ask("next");
  gone.abort();
  await settle();
  assert.equal(desk.answers, ["guess: wrong"]);
  assert.equal(desk.names, []);
  await desk.pass(UNIT);
  assert.equal(desk.names, ["next"]);
});

test("Guesses: an error of the evaluation is passed on, charged to no one, and blocks nothing", async () => {
  const desk = new Desk();
  const signal = new AbortController().signal;
  for (let index = 0; index < 5; index += 1)
    await rejects(
      desk.guesses.attempt({ address: "192.0.2.1", account: "alice", signal }, async () => {
        throw new Error("out of memory");
      }),
      /^out of memory$/,
    );
  await desk.ask("guess");
  await desk.finish("guess");
  await desk.pass(UNIT);
  assert.equal(desk.answers, ["guess: wrong"]);
});

test("Guesses: an IPv6 network counts as one address", async () => {
  const desk = new Desk();
  await desk.ask("first", { address: "2001:db8::1" });
  await desk.ask("second", { address: "2001:db8::2" });
  assert.equal(desk.names, ["first"]);
});

test("Guesses: of a long account name only the start counts, so that names cost bounded memory", async () => {
  const desk = new Desk();
  const start = "x".repeat(64);
  await desk.ask("one", { account: `${start}1`, address: "192.0.2.1" });
  await desk.ask("two", { account: `${start}2`, address: "192.0.2.2" });
  assert.equal(desk.names, ["one"], "one account, one evaluation at a time");
  await desk.finish("one", "alice");
  assert.equal(desk.names, ["two"]);
  await desk.finish("two", "alice");
});

test.run();
