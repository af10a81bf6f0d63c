/** Exercise 01's stock of wrapping keys. */
import { PassThrough } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../../../exercises/01-persisted-keys/hello.ts";
import {
  AHEAD,
  HOLD_SECONDS,
  MAX_KEYS,
  MAX_WAITING,
  WrappingKeys,
} from "../../../exercises/01-persisted-keys/wrapping-keys.ts";
import { generateFernetKey } from "../../../lib/crypto/fernet.ts";
import type { OwnKeys } from "../../../lib/crypto/keys.ts";
import { NOT_AUTHENTIC } from "../../../lib/crypto/signature.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { wrapKey } from "../../../lib/messages/hybrid-message.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { loadKeys } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";
import { settle } from "../../support/streams.ts";

const stock = await loadKeys("rsa-2048-a");
const session = randomBytes(32);
const GONE = "the peer has gone before its turn came";

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
  const make = async (keys = 1) => {
    for (let key = 0; key < keys; key += 1) {
      finish.shift()?.();
      await settle();
    }
  };
  return { generate, make, count };
}

/** A client at `source`, and its request, which never comes; the server may cut it off. */
function client(source = "here") {
  // like our sockets, it stays open in one direction after its end
  const connection = new PassThrough({ autoDestroy: false });
  const request = new Promise<never>((_, reject) => connection.once("error", reject));
  request.catch(() => {});
  return { source, connection, request };
}

test("keys are made ahead, and one that has opened nothing serves the next client", async () => {
  const { generate, make, count } = maker();
  const keys = new WrappingKeys(generate);
  await make(AHEAD);
  assert.is(count.made, AHEAD);
  const first = await keys.lend(client(), async (key) => key);
  await rejects(
    keys.lend(client(), async (key) => {
      assert.is(key, first);
      throw new Error("the client has gone");
    }),
    "the client has gone",
  );
  assert.is(await keys.lend(client(), async (key) => key), first);
  assert.is(count.made, AHEAD);
});

for (const outcome of ["opened", "failed to open"] as const) {
  test(`a key that has ${outcome} a message is forgotten, and another is made ahead`, async () => {
    const { generate, make, count } = maker();
    const keys = new WrappingKeys(generate);
    await make(AHEAD);
    const fernetKey = generateFernetKey();
    const wrapped =
      outcome === "opened"
        ? await wrapKey(fernetKey, stock, session, VERSION)
        : await wrapKey(fernetKey, stock, session);
    const first = await keys.lend(client(), async (key) => {
      if (outcome === "opened") assert.equal(await key.unwrap(wrapped, session), fernetKey);
      else await rejects(key.unwrap(wrapped, session), NOT_AUTHENTIC);
      await rejects(key.unwrap(wrapped, session), "a wrapping key opens one message only");
      return key;
    });
    await make();
    assert.is(count.made, AHEAD + 1);
    assert.is.not(await keys.lend(client(), async (key) => key), first);
  });
}

test("clients at once never share a key, and one key is made at a time", async () => {
  const { generate, make, count } = maker();
  const keys = new WrappingKeys(generate);
  const lent = new Set<unknown>();
  const clients = Array.from({ length: AHEAD + 3 }, () => client());
  const loans = clients.map((each) =>
    keys.lend(each, async (key) => {
      assert.not(lent.has(key));
      lent.add(key);
      await each.request;
    }),
  );
  await make(clients.length);
  assert.is(lent.size, clients.length);
  assert.is(count.most, 1);
  for (const each of clients) each.connection.destroy(new Error("enough"));
  await Promise.allSettled(loans);
});

test("addresses take turns, and the newest of each is served first", async () => {
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const order: string[] = [];
  const loans = ["a1", "a2", "a3", "b1", "c1"].map((name) =>
    keys.lend(client(name.slice(0, 1)), async () => order.push(name)),
  );
  await make();
  await Promise.all(loans);
  assert.equal(order, ["a3", "b1", "c1", "a2", "a1"]);
});

test("a known address does not wait for many unknown ones", async () => {
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  keys.know("known");
  const order: string[] = [];
  const sources = [...Array.from({ length: 20 }, (_, index) => `stranger ${index}`), "known"];
  const loans = sources.map((source) => keys.lend(client(source), async () => order.push(source)));
  await make();
  await Promise.all(loans);
  assert.equal(order.slice(0, 2), ["stranger 0", "known"]);
});

for (const how of ["closed", "ended"] as const)
  test(`a client whose connection was ${how} leaves the line, and its place there is free`, async () => {
    const { generate, make } = maker();
    const keys = new WrappingKeys(generate);
    const [gone, present] = [client(), client()];
    const first = keys.lend(present, async () => "a key");
    const loan = keys.lend(gone, async () => "a key");
    if (how === "closed") gone.connection.destroy();
    else gone.connection.resume().end();
    // before any key is made
    await rejects(loan, GONE);
    await rejects(
      keys.lend(gone, async () => "a key"),
      GONE,
    );
    const others = Array.from({ length: MAX_WAITING - 1 }, () => keys.lend(client(), async () => {}));
    await make();
    assert.is(await first, "a key");
    await Promise.all(others);
  });

test("a client that goes while it is given a key passes the key on", async () => {
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const [gone, present] = [client("a"), client("b")];
  const loan = rejects(
    keys.lend(gone, async () => "a key"),
    GONE,
  );
  const next = keys.lend(present, async () => "a key");
  gone.connection.off = (...args) => {
    gone.connection.destroy();
    return PassThrough.prototype.off.apply(gone.connection, args);
  };
  await make();
  await loan;
  assert.is(await next, "a key");
});

test("when too many of an address wait, its oldest is rejected", async () => {
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const results: string[] = [];
  const clients = Array.from({ length: MAX_WAITING + 2 }, (_, index) =>
    keys.lend(client(), async () => {}).catch((error: Error) => results.push(`${index}: ${error.message}`)),
  );
  const other = keys.lend(client("there"), async () => {});
  await settle();
  const reason = "rejected: too many others from its address are waiting";
  assert.equal(results, [`0: ${reason}`, `1: ${reason}`]);
  await make();
  await Promise.all([...clients, other]);
  assert.is(results.length, 2);
});

test("a client that does not use its key loses it once another address waits", async () => {
  stopClock();
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const [idle, neighbour, other] = [client("a"), client("a"), client("b")];
  const held = keys.lend(idle, (_, awaiting) => awaiting(idle.request));
  await make();
  const waiting = keys.lend(neighbour, () => neighbour.request);
  passTime(HOLD_SECONDS);
  await settle();
  // its neighbour waits patiently
  assert.not(idle.connection.destroyed);
  const dropped = rejects(held, `dropped: it has kept others waiting for ${HOLD_SECONDS} s`);
  const served = keys.lend(other, async (key) => key);
  await dropped;
  await make();
  assert.ok(await served);
  neighbour.connection.destroy(new Error("enough"));
  await rejects(waiting, "enough");
});

test("the time of a client starts when it can use its key, and stops when its request comes", async () => {
  stopClock();
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const slow = client("a");
  const steps = { answer: () => {}, request: () => {}, serve: () => {} };
  const until = (step: keyof typeof steps) => new Promise<void>((resolve) => (steps[step] = resolve));
  const go = async (step: keyof typeof steps) => {
    steps[step]();
    await settle();
  };
  const loan = keys.lend(slow, async (_, awaiting) => {
    await until("answer");
    await awaiting(until("request"));
    await until("serve");
    return "served";
  });
  await make();
  const other = keys.lend(client("b"), async () => "a key");
  // the server is slow
  passTime(10 * HOLD_SECONDS);
  await go("answer");
  // the request has come when the server notices that the time is over
  passTime(HOLD_SECONDS);
  await go("request");
  passTime(10 * HOLD_SECONDS);
  await go("serve");
  assert.not(slow.connection.destroyed);
  assert.is(await loan, "served");
  assert.is(await other, "a key");
});

test("a client that has used its key is not dropped, however long it stays", async () => {
  stopClock();
  const { generate, make } = maker();
  const keys = new WrappingKeys(generate);
  const busy = client("a");
  const wrapped = await wrapKey(generateFernetKey(), stock, session, VERSION);
  const loan = keys.lend(busy, async (key) => {
    await key.unwrap(wrapped, session);
    await busy.request;
  });
  await make();
  await new Promise((resolve) => setImmediate(resolve));
  const next = keys.lend(client("b"), async () => "a key");
  passTime(10 * HOLD_SECONDS);
  await make();
  assert.is(await next, "a key");
  assert.not(busy.connection.destroyed);
  busy.connection.destroy(new Error("enough"));
  await rejects(loan, "enough");
});

test("clients that keep all keys give way one by one to those that wait", async () => {
  stopClock();
  const { generate, make, count } = maker();
  const keys = new WrappingKeys(generate);
  const idle = Array.from({ length: MAX_KEYS }, (_, index) => client(`stranger ${index}`));
  const held = Promise.allSettled(
    idle.map((each) => keys.lend(each, (_, awaiting) => awaiting(each.request))),
  );
  await make(MAX_KEYS + 5);
  assert.is(count.made, MAX_KEYS);
  passTime(HOLD_SECONDS);
  await settle();
  const served = Array.from({ length: 3 }, (_, index) => keys.lend(client(`${index}`), async (key) => key));
  assert.is((await Promise.all(served)).length, 3);
  assert.is(idle.filter(({ connection }) => connection.destroyed).length, 3);
  for (const { connection } of idle) connection.destroy(new Error("enough"));
  await held;
});

test("a key that cannot be made fails one client, and is tried again for the next", async () => {
  let fails = true;
  const keys = new WrappingKeys(async () => {
    if (fails) throw new Error("no key today");
    return { ...stock };
  });
  await settle();
  await rejects(
    keys.lend(client(), async () => {}),
    "no key today",
  );
  fails = false;
  assert.ok(await keys.lend(client(), async (key) => key));
});

test.after.each(releaseClock);

test.run();
