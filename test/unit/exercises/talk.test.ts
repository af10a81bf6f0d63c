/** The talk of exercise 07, over channels in memory that are cut and replaced. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeRecord, type Greeting } from "../../../exercises/07-chat/chat-record.ts";
import {
  type ChatPeer,
  type Ending,
  MAX_UNRECEIVED,
  SILENCE_LIMIT,
  Talk,
  type View,
} from "../../../exercises/07-chat/talk.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { openPair } from "../../support/channels.ts";
import { passTime, releaseClock, stopClock } from "../../support/clock.ts";
import { rejects } from "../../support/rejects.ts";

const EMPTY = new Uint8Array();
const STRANGER = new Uint8Array(16).fill(9);

const open: Channel[] = [];
test.after.each(() => {
  for (const channel of open.splice(0)) channel.destroy("the test is over");
});

/** Opens a channel, to be destroyed after the test. */
async function openChannel(): Promise<{ client: Channel; server: Channel }> {
  const pair = await openPair();
  open.push(pair.client, pair.server);
  return pair;
}

/** A talk, and what its view was called with. */
class Side {
  readonly events: string[] = [];
  readonly talk: Talk;
  readonly name: string;
  #waiting: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
    const tell = (event: string) => {
      this.events.push(event);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    const view: View = {
      here: (peer, isBack) => tell(`${peer.name} is ${isBack ? "back" : "here"}`),
      text: (_peer, text) => tell(text),
      delivered: (number) => tell(`delivered ${number}`),
      failed: (number) => tell(`failed ${number}`),
      cut: () => {},
      typing: (isTyping) => tell(isTyping ? "types" : "has stopped"),
      over: (peer, how) => tell(`${peer.name} ${how}`),
    };
    this.talk = new Talk(view);
  }

  get peer(): ChatPeer {
    return { name: this.name, fingerprint: `key of ${this.name}`, trust: "known" };
  }

  /** Waits until the view has been told `event`. */
  async told(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** Lets two sides talk over a new channel. */
async function join(left: Side, right: Side) {
  const { client, server } = await openChannel();
  const [toRight, toLeft] = [left.talk.greet(left.name), right.talk.greet(right.name)];
  assert.ok(right.talk.isMeant(toRight, left.peer.fingerprint));
  assert.ok(left.talk.isMeant(toLeft, right.peer.fingerprint));
  const endings = [
    left.talk.attach(client, toLeft, right.peer),
    right.talk.attach(server, toRight, left.peer),
  ];
  return { client, server, endings };
}

/** Attaches a side to a peer that is played by the test. */
async function play(side: Side): Promise<{ channel: Channel; ending: Promise<Ending> }> {
  const { client, server } = await openChannel();
  const greeting: Greeting = {
    type: "greeting",
    name: "Eve",
    part: STRANGER,
    peerPart: EMPTY,
    received: 0,
  };
  const ending = side.talk.attach(server, greeting, { name: "Eve", fingerprint: "key", trust: "known" });
  return { channel: client, ending };
}

test("texts of both sides arrive and are delivered; one side leaves, the other learns it", async () => {
  const [alice, bob] = [new Side("Alice"), new Side("Bob")];
  const early = await alice.talk.say("early");
  assert.is(early, 1);
  const { endings } = await join(alice, bob);
  await bob.talk.say("one");
  await bob.talk.say("two");
  await Promise.all([alice.talk.settled(), bob.talk.settled()]);
  await bob.talk.leave();
  assert.equal(await Promise.all(endings), [{ how: "left" }, { how: "left" }]);
  alice.talk.end("left");
  bob.talk.end("left");
  assert.equal(alice.events, ["Bob is here", "one", "two", "delivered 1", "Bob left"]);
  assert.equal(bob.events, ["Alice is here", "early", "delivered 1", "delivered 2"]);
  await rejects(bob.talk.say("too late"), "the talk is over");
});

test("a cut loses and repeats nothing, whenever it comes", async () => {
  const [alice, bob] = [new Side("Alice"), new Side("Bob")];
  const said: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const { client, server, endings } = await join(alice, bob);
    for (let count = 0; count < 5; count += 1) {
      const text = `${round}.${count}`;
      said.push(text);
      await Promise.all([alice.talk.say(text), bob.talk.say(text)]);
      if (count === round % 5) for (let turn = 0; turn < round; turn += 1) await new Promise(setImmediate);
    }
    (round % 2 === 0 ? client : server).destroy("cut");
    for (const ending of await Promise.all(endings)) assert.is(ending.how, "cut");
  }
  await join(alice, bob);
  await Promise.all([alice.told("delivered 60"), bob.told("delivered 60")]);
  for (const { events } of [alice, bob]) {
    assert.equal(
      events.filter((event) => /^\d/.test(event)),
      said,
    );
    const delivered = events.filter((event) => event.startsWith("delivered"));
    assert.equal(
      delivered,
      said.map((_, index) => `delivered ${index + 1}`),
    );
  }
});

test("attach: a newer channel of the same peer ends the older one, and the talk goes on there", async () => {
  const [alice, bob] = [new Side("Alice"), new Side("Bob")];
  const first = await join(alice, bob);
  await alice.talk.say("one");
  await bob.told("one");
  await join(alice, bob);
  for (const ending of await Promise.all(first.endings)) assert.is(ending.how, "cut");
  assert.is(alice.talk.isConnected, true);
  await alice.talk.say("two");
  await bob.told("two");
  assert.is(bob.events.filter((event) => event === "one").length, 1);
});

test("isMeant: only the same key, and only the two sides of the talk once something was said", async () => {
  const [alice, bob] = [new Side("Alice"), new Side("Bob")];
  assert.ok(alice.talk.isMeant(bob.talk.greet("Bob"), "any key"));
  const { client, endings } = await join(alice, bob);
  assert.not(alice.talk.isMeant(bob.talk.greet("Bob"), "another key"));
  // a peer that has begun anew may take over a talk in which nothing has arrived
  const anew = new Side("Bob").talk.greet("Bob");
  assert.ok(alice.talk.isMeant(anew, bob.peer.fingerprint));
  await alice.talk.say("one");
  await alice.talk.settled();
  assert.not(alice.talk.isMeant(anew, bob.peer.fingerprint));
  assert.not(alice.talk.isMeant({ ...bob.talk.greet("Bob"), peerPart: STRANGER }, bob.peer.fingerprint));
  assert.ok(alice.talk.isMeant(bob.talk.greet("Bob"), bob.peer.fingerprint));
  client.destroy("cut");
  await Promise.all(endings);
  alice.talk.end("lost");
  assert.not(alice.talk.isMeant(bob.talk.greet("Bob"), bob.peer.fingerprint));
});

test("say: waits for room, and fails when the talk ends meanwhile", async () => {
  const side = new Side("Alice");
  for (let number = 1; number <= MAX_UNRECEIVED; number += 1) assert.is(await side.talk.say("x"), number);
  const next = side.talk.say("one more");
  const { channel, ending } = await play(side);
  await channel.send(encodeRecord({ type: "received", number: 1 }));
  assert.is(await next, MAX_UNRECEIVED + 1);
  const last = side.talk.say("too many");
  channel.destroy("cut");
  await ending;
  side.talk.end("lost");
  await rejects(last, "the talk is over");
  assert.is(side.events.filter((event) => event.startsWith("failed")).length, MAX_UNRECEIVED);
  assert.is(side.events.at(-1), "Eve lost");
});

test("a text that comes twice is shown once, and both times received", async () => {
  const side = new Side("Alice");
  const { channel } = await play(side);
  for (let time = 0; time < 2; time += 1) {
    await channel.send(encodeRecord({ type: "text", number: 1, text: "hello" }));
    assert.equal(await channel.receive(), encodeRecord({ type: "received", number: 1 }));
  }
  assert.equal(side.events, ["Eve is here", "hello"]);
  channel.destroy("enough");
});

const VIOLATIONS: [name: string, record: Uint8Array<ArrayBuffer>, reason: string][] = [
  ["a text out of turn", encodeRecord({ type: "text", number: 2, text: "b" }), "the peer left out a text"],
  [
    "the receipt of a text that was never sent",
    encodeRecord({ type: "received", number: 1 }),
    "the peer received a text that was never sent",
  ],
  ["a second greeting", encodeRecord(new Side("Eve").talk.greet("Eve")), "the peer greeted twice"],
  ["garbage", Uint8Array.of(77), "malformed chat record"],
];
for (const [name, record, reason] of VIOLATIONS) {
  test(`${name} cuts the channel`, async () => {
    const { channel, ending } = await play(new Side("Alice"));
    await channel.send(record);
    assert.equal(await ending, { how: "cut", reason });
    await channel.receive().catch(() => {});
  });
}

test("a peer that is silent is cut off; each side says regularly that it is there", async () => {
  const { client, server } = await openChannel();
  const side = new Side("Alice");
  stopClock();
  try {
    const greeting: Greeting = {
      type: "greeting",
      name: "Eve",
      part: STRANGER,
      peerPart: EMPTY,
      received: 0,
    };
    const ending = side.talk.attach(server, greeting, { name: "Eve", fingerprint: "key", trust: "known" });
    passTime(SILENCE_LIMIT - 1);
    await client.send(encodeRecord({ type: "alive" }));
    await new Promise(setImmediate);
    passTime(SILENCE_LIMIT - 1);
    assert.is(side.talk.isConnected, true);
    passTime(1);
    assert.equal(await ending, { how: "cut", reason: `nothing from the peer for ${SILENCE_LIMIT} s` });
  } finally {
    releaseClock();
  }
});

test.run();
