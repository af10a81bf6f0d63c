/** Exercise 01's stock of wrapping keys. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../../../exercises/01-persisted-keys/hello.ts";
import { MAX_WAITING, WrappingKeys } from "../../../exercises/01-persisted-keys/wrapping-keys.ts";
import { generateFernetKey } from "../../../lib/crypto/fernet.ts";
import type { OwnKeys } from "../../../lib/crypto/keys.ts";
import { NOT_AUTHENTIC } from "../../../lib/crypto/signature.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { wrapKey } from "../../../lib/messages/hybrid-message.ts";
import { loadKeys } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";

const stock = await loadKeys("rsa-2048-a");
const session = randomBytes(32);

/** A maker of keys that makes each on demand, and counts. */
function maker() {
  const finish: (() => void)[] = [];
  const count = { made: 0, at: 0, most: 0 };
  const generate = async (): Promise<OwnKeys> => {
    count.at += 1;
    count.most = Math.max(count.most, count.at);
    await new Promise<void>((resolve) => finish.push(resolve));
    count.at -= 1;
    count.made += 1;
    return { ...stock };
  };
  const makeOne = async () => {
    finish.shift()?.();
    await settle();
  };
  return { generate, makeOne, count };
}

test("a key is made ahead, and one that has opened nothing serves the next client", async () => {
  const { generate, makeOne, count } = maker();
  const keys = new WrappingKeys(generate);
  await makeOne();
  assert.is(count.made, 1);
  const first = await keys.lend(async (key) => key);
  const second = await keys.lend(async (key) => key);
  await rejects(
    keys.lend(async (key) => {
      assert.is(key, first);
      throw new Error("the client has gone");
    }),
    "the client has gone",
  );
  await settle();
  assert.is(second, first);
  assert.equal(count, { made: 1, at: 0, most: 1 });
});

for (const outcome of ["opened", "failed to open"] as const) {
  test(`a key that has ${outcome} a message is forgotten, and another is made ahead`, async () => {
    const { generate, makeOne, count } = maker();
    const keys = new WrappingKeys(generate);
    await makeOne();
    const fernetKey = generateFernetKey();
    const wrapped =
      outcome === "opened"
        ? await wrapKey(fernetKey, stock, session, VERSION)
        : await wrapKey(fernetKey, stock, session);
    const first = await keys.lend(async (key) => {
      if (outcome === "opened") assert.equal(await key.unwrap(wrapped, session), fernetKey);
      else await rejects(key.unwrap(wrapped, session), NOT_AUTHENTIC);
      await rejects(key.unwrap(wrapped, session), "a wrapping key opens one message only");
      return key;
    });
    await makeOne();
    assert.is(count.made, 2);
    assert.is.not(await keys.lend(async (key) => key), first);
  });
}

test("two clients at once never share a key, and one key is made at a time", async () => {
  const { generate, makeOne, count } = maker();
  const keys = new WrappingKeys(generate);
  const lent = new Set<unknown>();
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const clients = Array.from({ length: 5 }, () =>
    keys.lend(async (key) => {
      assert.not(lent.has(key));
      lent.add(key);
      await left;
    }),
  );
  await settle();
  for (let made = 0; made < 7; made += 1) await makeOne();
  assert.is(lent.size, 5);
  assert.is(count.most, 1);
  leave();
  await Promise.all(clients);
});

test("a key that is brought back serves one who waits, and the newest is served first", async () => {
  const { generate, makeOne } = maker();
  const keys = new WrappingKeys(generate);
  await makeOne();
  const order: string[] = [];
  let leave = () => {};
  const holder = keys.lend(
    () =>
      new Promise<void>((resolve) => {
        leave = resolve;
      }),
  );
  await settle();
  // the first of them has a key made for it, the others wait
  const clients = ["one", "two", "three"].map((name) => keys.lend(async () => order.push(name)));
  await settle();
  leave();
  await holder;
  await makeOne();
  await Promise.all(clients);
  assert.equal(order, ["one", "three", "two"]);
});

test("when too many wait, the oldest is rejected", async () => {
  const { generate, makeOne } = maker();
  const keys = new WrappingKeys(generate);
  const results: string[] = [];
  // the key that is made ahead is in the making
  const clients = Array.from({ length: MAX_WAITING + 2 }, (_, index) =>
    keys.lend(async () => {}).catch((error: Error) => results.push(`${index}: ${error.message}`)),
  );
  await settle();
  assert.equal(results, ["0: rejected: the queue is full", "1: rejected: the queue is full"]);
  await makeOne();
  await makeOne();
  await Promise.all(clients);
  assert.is(results.length, 2);
});

test.run();
