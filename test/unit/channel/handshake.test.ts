/** The handshake: who ends up with whom, and what a man in the middle can do about it. */
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../../lib/bytes/fields.ts";
import {
  type ClientOptions,
  type ServerOptions,
  type Session,
  shakeHandsAsClient,
  shakeHandsAsServer,
  type Turn,
} from "../../../lib/channel/handshake.ts";
import { MESSAGE } from "../../../lib/channel/records.ts";
import { BUSY, encodeHint, isBusy } from "../../../lib/channel/refusal.ts";
import { generateEphemeral } from "../../../lib/crypto/ephemeral.ts";
import { type Identity, importIdentity } from "../../../lib/crypto/identity.ts";
import { importSigningKey } from "../../../lib/crypto/signature.ts";
import { randomBytes, subtle } from "../../../lib/crypto/webcrypto.ts";
import type { Transport } from "../../../lib/net/transport.ts";
import { loadIdentity } from "../../support/identities.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";
import { flipBit, onMessage, type Passing, passOn, type Tamper, wire } from "../../support/wire.ts";

const [alice, bob] = [await loadIdentity("a"), await loadIdentity("b")];
/** Each takes a signature, so there is time for all of them only in the soak. */
const EVERY_BIT = process.env["EVERY_BIT"] !== undefined;
const id = encodeUtf8("7");
const key = randomBytes(32);
const byIdentity = { client: { identity: alice }, server: { identity: bob } };
const byKey = { client: { preSharedKey: { id, key } }, server: { preSharedKey: () => key } };
// for tests that fail before randomness matters
const fixed = { client: generateEphemeral(), server: generateEphemeral() };

interface Sides {
  client: ClientOptions;
  server: ServerOptions;
}

interface Outcome {
  client: Session | Error;
  server: Session | Error;
}

/** Lets both sides shake hands over a wire with `tamper` on it; who fails hangs up. */
async function shakeHands({ client, server }: Sides, tamper: Tamper = passOn): Promise<Outcome> {
  const ends = wire(tamper);
  const outcomes = await Promise.all([
    finish(shakeHandsAsClient(ends.client, client), ends.client),
    finish(shakeHandsAsServer(ends.server, server), ends.server),
  ]);
  return { client: outcomes[0], server: outcomes[1] };
}

async function finish(session: Promise<Session>, transport: Transport): Promise<Session | Error> {
  try {
    return await session;
  } catch (error) {
    transport.close();
    if (!(error instanceof Error) || error.constructor !== Error) throw error;
    return error;
  } finally {
    // a side that is done sends nothing more: the other must not wait for ever
    transport.end();
  }
}

function sessionOf(outcome: Session | Error): Session {
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

/** Checks that neither side believes in a session; returns the error of the client. */
function refused({ client, server }: Outcome): string {
  assert.instance(server, Error, "the server is not through");
  return refusedByClient({ client, server });
}

function refusedByClient({ client }: Outcome): string {
  assert.instance(client, Error, "the client is not through");
  return client instanceof Error ? client.message : "";
}

/** Every message of a handshake that goes well, in order. */
async function record(sides: Sides): Promise<Passing[]> {
  const passings: Passing[] = [];
  const outcome = await shakeHands(sides, (passing) => {
    passings.push(passing);
    return [passing.message];
  });
  sessionOf(outcome.client);
  return passings;
}

for (const [mode, sides] of Object.entries({ identity: byIdentity, "pre-shared key": byKey })) {
  test(`${mode}: both sides end with the same keys, and know each other`, async () => {
    const outcome = await shakeHands(sides);
    const [client, server] = [sessionOf(outcome.client), sessionOf(outcome.server)];
    assert.equal(client.exporterSecret, server.exporterSecret);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const sealed = concat(from.sealer.seal(MESSAGE, id));
      assert.equal(to.opener.open(sealed, MESSAGE).content, id);
    }
    assert.is(client.peer.fingerprint, mode === "identity" ? bob.fingerprint : "");
    assert.is(server.peer.fingerprint, mode === "identity" ? alice.fingerprint : "");
    assert.equal(server.peer.id, mode === "identity" ? new Uint8Array() : id);
    assert.equal(client.peer.id, server.peer.id);
  });

  test(`${mode}: nothing but the hellos can be read, and no two handshakes look alike`, async () => {
    const [first, second] = [await record(sides), await record(sides)];
    assert.is(first.length, 5);
    const everything = first.map(({ message }) => toHex(message)).join();
    for (const secret of [alice.spki, bob.spki, key]) assert.not.ok(everything.includes(toHex(secret)));
    first.forEach(({ message }, index) => {
      assert.is.not(toHex(message), toHex(second[index]?.message ?? id));
    });
  });

  test(`${mode}: each message dropped, and the end of that half in its place`, async () => {
    for (const { from, index } of await record(sides)) {
      const outcome = await shakeHands(sides, (passing) =>
        passing.from === from && passing.index === index ? undefined : [passing.message],
      );
      refusedByClient(outcome);
    }
    // the one message that is followed by another without an answer
    const dropped = onMessage("server", 0, () => []);
    assert.match(refused(await shakeHands(sides, dropped)), "does not speak sml/channel/v1");
  });

  test(`${mode}: each message twice`, async () => {
    for (const { from, index } of await record(sides)) {
      const outcome = await shakeHands(
        sides,
        onMessage(from, index, (message) => [message, message]),
      );
      // the last one of each side is read by the records that follow
      const last = (from === "client" && index === 1) || (from === "server" && index === 2);
      if (last) sessionOf(outcome.client);
      else refusedByClient(outcome);
    }
  });

  test(`${mode}: the server's hello and proof swapped`, async () => {
    let hello: Bytes = id;
    const outcome = await shakeHands(sides, ({ message, from, index }) => {
      if (from === "client" || index > 1) return [message];
      if (index === 1) return [message, hello];
      hello = message;
      return [];
    });
    assert.match(refused(outcome), "does not speak sml/channel/v1");
  });

  test(`${mode}: each message replaced with each of another handshake, and of the same`, async () => {
    const others = await record(sides);
    for (const { from, index } of others) {
      for (const { message } of others)
        refusedByClient(
          await shakeHands(
            sides,
            onMessage(from, index, () => [message]),
          ),
        );
    }
    for (const [from, index, stolen] of [
      ["server", 0, "hello"],
      ["server", 1, "hello"],
      ["client", 1, "proof"],
    ] as const) {
      // what one side sent comes back to it
      const seen: Record<string, Bytes> = {};
      const outcome = await shakeHands(sides, (passing) => {
        const name = passing.index === 0 ? "hello" : "proof";
        seen[name] ??= passing.message;
        return passing.from === from && passing.index === index ? [seen[stolen] ?? id] : [passing.message];
      });
      refusedByClient(outcome);
    }
  });

  test(`${mode}: each message truncated`, async () => {
    for (const { from, index, message } of await record(sides)) {
      for (const length of new Set([0, 1, 4, message.length >> 1, message.length - 1])) {
        const tamper = onMessage(from, index, (whole) => [whole.subarray(0, length)]);
        refusedByClient(await shakeHands(sides, tamper));
      }
      refusedByClient(
        await shakeHands(
          sides,
          onMessage(from, index, (whole) => [concat([whole, id])]),
        ),
      );
    }
  });
}

test("identity: nothing of the client's identity leaves before the server has proved its own", async () => {
  const seen: string[] = [];
  const outcome = await shakeHands(
    {
      client: { identity: alice, verifyPeer: () => Promise.reject(new Error("not the server I met")) },
      server: { identity: bob },
    },
    ({ message, from }) => {
      seen.push(from);
      return [message];
    },
  );
  assert.is(refused(outcome), "not the server I met");
  assert.equal(seen, ["client", "server", "server"]);
});

/**
 * Plays old `messages` to one side, which uses the same chance again; returns why it does not go
 * along.
 */
async function replay(to: "client" | "server", sides: Sides, messages: readonly Bytes[]): Promise<string> {
  const [ours, theirs] = memoryPair();
  for (const message of messages) await theirs.write(message);
  theirs.end();
  const running =
    to === "client" ? shakeHandsAsClient(ours, sides.client) : shakeHandsAsServer(ours, sides.server);
  const outcome = await finish(running, ours);
  return outcome instanceof Error ? outcome.message : "";
}

/**
 * Flips these bits of each message, one at a time, and checks that the side that it is for does not
 * go along.
 */
async function flipBits(sides: Sides, bitsOf: (message: Bytes) => number[]): Promise<void> {
  const chance = (role: keyof typeof fixed) => ({
    fixed: { ephemeral: fixed[role], random: fixed[role].point.slice(33) },
  });
  const pinned = {
    client: { ...sides.client, ...chance("client") },
    server: { ...sides.server, ...chance("server") },
  };
  const passings = await record(pinned);
  for (const { from, index, message } of passings) {
    const messages = passings.filter((passing) => passing.from === from).map((passing) => passing.message);
    const to = from === "client" ? "server" : "client";
    // a client's hello that is altered is answered, and for the client to notice; what depends on a
    // signature of the side that it is for, which is never the same twice, cannot be replayed to it
    const live =
      from === "client" ? index === 0 || pinned.client.identity : index === 2 && pinned.client.identity;
    if (!live && index > 0)
      assert.not.match(await replay(to, pinned, messages.slice(0, index + 1)), "altered");
    const bits = bitsOf(message);
    // eight at a time, for the provider that computes in parallel
    while (bits.length > 0) {
      const some = bits.splice(0, 8).map(async (bit) => {
        if (!live) return replay(to, pinned, messages.with(index, flipBit(message, bit)));
        const outcome = await shakeHands(
          pinned,
          onMessage(from, index, (whole) => [flipBit(whole, bit)]),
        );
        return refusedByClient(outcome);
      });
      for (const reason of await Promise.all(some))
        assert.is.not(reason, "", `message ${index} of the ${from}`);
    }
  }
}

test("pre-shared key: every bit of every message flipped", async () => {
  await flipBits(byKey, (message) => Array.from({ length: 8 * message.length }, (_, bit) => bit));
});

test("identity: a bit in every eighth byte of every message flipped", async () => {
  // records.test.ts flips every bit of a record, and the pre-shared key's handshake every bit of
  // the hellos
  const step = EVERY_BIT ? 1 : 64;
  await flipBits(byIdentity, (message) =>
    Array.from(
      { length: Math.ceil((8 * message.length) / step) },
      (_, index) => step * index + ((index % step) % 8),
    ),
  );
});

test("identity: without a signature, or with one of another key, session or role", async () => {
  const stolen = await record(byIdentity);
  assert.is(stolen.length, 5);
  for (const signature of [new Uint8Array(), randomBytes(384)]) {
    const server = { identity: bob, fixed: { signature } };
    assert.match(refused(await shakeHands({ ...byIdentity, server })), "its proof was altered");
  }
  // says that it is bob, and signs with alice's key
  const mallory: Identity = { ...bob, signingKey: alice.signingKey };
  assert.match(
    refused(await shakeHands({ ...byIdentity, server: { identity: mallory } })),
    "its proof was altered",
  );
  const asClient: Identity = { ...alice, signingKey: bob.signingKey };
  const outcome = await shakeHands({ ...byIdentity, client: { identity: asClient } });
  assert.match(outcome.server instanceof Error ? outcome.server.message : "", "its proof was altered");
});

for (const way of ["ends its half", "resets the connection"]) {
  test(`a client that ${way} before its turn costs no signature`, async () => {
    let signatures = 0;
    const identity: Identity = {
      ...bob,
      get signingKey() {
        signatures += 1;
        return bob.signingKey;
      },
    };
    for (const stays of [false, true]) {
      const [client, server] = memoryPair();
      const greeting = shakeHandsAsClient(client, { identity: alice });
      let comeTo = () => {};
      const reached = new Promise<void>((resolve) => {
        comeTo = resolve;
      });
      let start = () => {};
      const turn: Turn = async (work) => {
        comeTo();
        await new Promise<void>((resolve) => {
          start = resolve;
        });
        return work();
      };
      const answer = shakeHandsAsServer(server, { identity, turn });
      await reached;
      if (!stays && way === "resets the connection") client.destroy(new Error("enough"));
      else if (!stays) client.end();
      start();
      if (stays) await Promise.all([greeting, answer]);
      else await rejects(answer, "the peer has gone before its turn came");
      greeting.catch(() => {});
      assert.is(signatures, stays ? 1 : 0);
    }
  });
}

test("identity misbinding: mallory relays alice's handshake as her own", async () => {
  // mallory shakes hands with bob, and passes alice off: she forwards every message, and knows no
  // key
  const outcome = await shakeHands(byIdentity);
  assert.is(sessionOf(outcome.server).peer.fingerprint, alice.fingerprint, "a wire changes nothing");

  // she talks to alice under her own ephemeral key, and to bob under another: proofs do not move
  // between sessions
  const mallory = await loadIdentity("b");
  let bobsProof: Bytes = id;
  await shakeHands(byIdentity, ({ message, from, index }) => {
    if (from === "server" && index === 1) bobsProof = message;
    return [message];
  });
  const relayed = await shakeHands(
    { client: { identity: alice }, server: { identity: mallory } },
    onMessage("server", 1, () => [bobsProof]),
  );
  assert.match(refused(relayed), "its proof was altered");
});

test("identity misbinding: a valid signature of bob under mallory's keys", async () => {
  // mallory has bob sign the very hellos that alice sees, but the MAC and the seal need the shared
  // secret of these keys: mallory can put neither another name next to the signature, nor mallory's
  // name next to the ephemeral key of bob
  const captured: Bytes[] = [];
  await shakeHands(byIdentity, ({ message, from }) => {
    if (from === "client") captured.push(message);
    return [message];
  });
  const [clientHello, clientProof] = captured;
  assert.ok(clientHello && clientProof);
  const [client, server] = memoryPair();
  const running = finish(shakeHandsAsServer(server, { identity: bob }), server);
  await client.write(clientHello);
  await client.next(8192);
  await client.next(8192);
  await client.write(clientProof);
  const outcome = await running;
  assert.match(outcome instanceof Error ? outcome.message : "", "its proof was altered");
});

test("reflection: to oneself, by echo and with one's own identity", async () => {
  const [client, mirror] = memoryPair();
  const running = finish(shakeHandsAsClient(client, byIdentity.client), client);
  const hello = await mirror.next(8192);
  assert.ok(hello);
  await mirror.write(hello);
  const outcome = await running;
  assert.match(outcome instanceof Error ? outcome.message : "", "sent our own key back");

  const self = await shakeHands({ client: { identity: alice }, server: { identity: alice } });
  assert.match(refused(self), "sent our own key back");
});

test("replay: an old transcript, client's or server's", async () => {
  const old = await record(byIdentity);
  for (const role of ["client", "server"] as const) {
    const [ours, theirs] = memoryPair();
    for (const { message, from } of old) if (from === role) await theirs.write(message);
    theirs.end();
    const running =
      role === "server"
        ? shakeHandsAsClient(ours, byIdentity.client)
        : shakeHandsAsServer(ours, byIdentity.server);
    assert.instance(await finish(running, ours), Error, `old messages of the ${role}`);
  }
});

test("pre-shared key: a wrong key, an unknown id, and both look the same", async () => {
  const wrong = await shakeHands({ ...byKey, server: { preSharedKey: () => randomBytes(32) } });
  const unknown = await shakeHands({ ...byKey, server: { preSharedKey: () => undefined } });
  assert.is(refused(wrong), refused(unknown));
  assert.match(refused(wrong), "another pre-shared key");

  // to a stranger who knows the id only, the server's messages have the same lengths as for an
  // unknown id
  const lengths = async (server: ServerOptions) => {
    const seen: number[] = [];
    await shakeHands({ client: { preSharedKey: { id, key: randomBytes(32) } }, server }, ({ message }) => {
      seen.push(message.length);
      return [message];
    });
    return seen;
  };
  assert.equal(await lengths(byKey.server), await lengths({ preSharedKey: () => undefined }));
});

test("pre-shared key: consumed by the client's proof only", async () => {
  const keys = new Map([[toHex(id), key]]);
  const server: ServerOptions = {
    preSharedKey: (wanted) => keys.get(toHex(wanted)),
    authorize: (peer) => (keys.delete(toHex(peer.id)) ? undefined : "this key was used before"),
  };
  // a stranger with the id, and one who cuts the rightful client off before its proof
  refused(await shakeHands({ client: { preSharedKey: { id, key: randomBytes(32) } }, server }));
  refused(
    await shakeHands(
      { ...byKey, server },
      onMessage("client", 1, (message) => [flipBit(message, 99)]),
    ),
  );
  assert.is(keys.size, 1);

  // twice at a time: the first proof wins
  const both = await Promise.all([shakeHands({ ...byKey, server }), shakeHands({ ...byKey, server })]);
  const told = both.map(({ client }) => (client instanceof Error ? client.message : "in")).sort();
  assert.equal(told, ["in", "the server refuses us: this key was used before"]);
  assert.match(refused(await shakeHands({ ...byKey, server })), "another pre-shared key");
});

test("pre-shared key: of wrong size, with an id of wrong size", async () => {
  const [transport] = memoryPair();
  for (const length of [0, 16, 31, 33])
    await rejects(
      shakeHandsAsClient(transport, { preSharedKey: { id, key: randomBytes(length) } }),
      `a pre-shared key: expected 32 bytes, got ${length}`,
    );
  for (const length of [0, 65])
    await rejects(
      shakeHandsAsClient(transport, { preSharedKey: { id: new Uint8Array(length), key } }),
      `a pre-shared key's id: expected 1 to 64 bytes, got ${length}`,
    );
  await rejects(shakeHandsAsClient(transport, {}), /an identity or a pre-shared key/);
});

test("modes: each server says which it talks in, and neither side falls back", async () => {
  const mixed = { client: byKey.client, server: byIdentity.server };
  assert.match(refused(await shakeHands(mixed)), "this server talks to identities");
  const other = { client: byIdentity.client, server: byKey.server };
  assert.match(refused(await shakeHands(other)), "this server talks under pre-shared keys");
  const both = { ...byIdentity.server, ...byKey.server };
  sessionOf((await shakeHands({ client: byKey.client, server: both })).client);
  sessionOf((await shakeHands({ client: byIdentity.client, server: both })).client);
});

test("modes: a proof with a name in it where the pre-shared key was asked for", async () => {
  // the server answers in the other mode than it was asked in
  const outcome = await shakeHands(
    { client: byKey.client, server: { ...byIdentity.server, ...byKey.server } },
    onMessage("client", 0, (hello) => {
      const [version = id, , suite = id, , point = id, random = id] = decodeFields(hello, 6);
      return [encodeFields([version, new Uint8Array([1]), suite, new Uint8Array(), point, random])];
    }),
  );
  assert.match(refused(outcome), "answered another hello");
});

test("hello: of another version, suite, mode, with a field too long, too short, missing", async () => {
  const original = (await record(byKey))[0]?.message ?? id;
  const fields = decodeFields(original, 6);
  const replace = (index: number, field: Bytes) => [encodeFields(fields.with(index, field))];
  for (const [change, expected] of [
    [replace(0, encodeUtf8("sml/channel/v2")), "this server speaks sml/channel/v1"],
    [replace(1, new Uint8Array([3])), "id of 1 bytes"],
    [replace(1, new Uint8Array([2, 2])), "id of 1 bytes"],
    [replace(2, new Uint8Array([2])), "unknown suite"],
    [replace(2, new Uint8Array()), "unknown suite"],
    [replace(3, new Uint8Array(65)), "id of 65 bytes"],
    [replace(3, new Uint8Array()), "id of 0 bytes"],
    [replace(4, new Uint8Array(65).fill(4)), "not a point of the curve"],
    [replace(5, new Uint8Array(31)), "expected 32 random bytes, got 31"],
    [[encodeFields(fields.slice(0, 5))], "expected 6, got 5"],
    [[encodeFields([...fields, id])], "bytes follow field"],
    [[new Uint8Array()], "this server speaks sml/channel/v1"],
  ] as const) {
    const outcome = await shakeHands(
      byKey,
      onMessage("client", 0, () => change),
    );
    refused(outcome);
    assert.match(outcome.server instanceof Error ? outcome.server.message : "", expected);
  }
});

test("hello: longer than a hello may be", async () => {
  const huge = new Uint8Array(8 * 1024 + 1);
  refused(
    await shakeHands(
      byKey,
      onMessage("client", 0, () => [huge]),
    ),
  );
  refused(
    await shakeHands(
      byKey,
      onMessage("server", 0, () => [huge]),
    ),
  );
});

test("authorize: refuses with a reason under the keys, made safe to print", async () => {
  const seen: string[] = [];
  const server: ServerOptions = {
    identity: bob,
    authorize: async (peer) => {
      assert.is(peer.fingerprint, alice.fingerprint);
      return "not on the list\n\u001b[2J";
    },
  };
  const outcome = await shakeHands({ ...byIdentity, server }, ({ message }) => {
    seen.push(toHex(message));
    return [message];
  });
  assert.is(refused(outcome), "the server refuses us: not on the list\\n\\u{1b}[2J");
  assert.not.ok(seen.join().includes(toHex(encodeUtf8("not on the list"))));
});

test("hint: busy is recognised, in plaintext and under the keys", async () => {
  const hinted = await shakeHands({ ...byIdentity, server: { identity: bob, hint: BUSY } });
  assert.match(refused(hinted), "the server says, unauthenticated: busy, try again in 5 seconds");
  assert.ok(isBusy(hinted.client));
  const authorized = await shakeHands({ ...byIdentity, server: { identity: bob, authorize: () => BUSY } });
  assert.ok(isBusy(authorized.client));
  const other = await shakeHands({ ...byIdentity, server: { identity: bob, authorize: () => "no" } });
  assert.not.ok(isBusy(other.client));
});

test("hint: counts for nothing once the server has said hello", async () => {
  const outcome = await shakeHands(
    byIdentity,
    onMessage("server", 1, () => [encodeHint(BUSY)]),
  );
  assert.match(refused(outcome), "its proof was altered");
});

test("identity: a key that is too short for us", async () => {
  const pss = { name: "RSA-PSS", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
  const pair = await subtle.generateKey({ ...pss, modulusLength: 1024 }, true, ["sign", "verify"]);
  const spki = new Uint8Array(await subtle.exportKey("spki", pair.publicKey));
  const pkcs8 = new Uint8Array(await subtle.exportKey("pkcs8", pair.privateKey));
  await rejects(importIdentity(pkcs8, spki), /1024 bits/);
  const short: Identity = { ...alice, spki, signingKey: await importSigningKey(pkcs8) };
  assert.match(
    refused(await shakeHands({ client: { identity: alice }, server: { identity: short } })),
    "1024 bits",
  );
});

test.run();
