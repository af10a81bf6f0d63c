import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeUtf8, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { Connection } from "../model/tap.ts";
import { Spliced } from "./splice.ts";

const TARGET = { direction: "client to server" as const, ordinal: 2, pause: 0 };
/** Milliseconds that a plain exchange takes, and after which the splice gives up. */
const USUAL = 10_000;
const PATIENCE = 4 * USUAL;

function connection(id: number, client: number, sent: string[]): Connection {
  const note = (what: string) => sent.push(`${id} ${what}`);
  return {
    id,
    client,
    port: 5000,
    inject: (direction, bytes) => note(`${direction}: ${decodeUtf8(bytes)}`),
    end: () => note("end"),
    reset: () => note("reset"),
  };
}

test.before.each(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.after.each(() => mock.timers.reset());

test("Spliced sends the second client's turn instead of the first one's", async () => {
  const attack = new Spliced(TARGET, USUAL);
  const sent: string[] = [];
  const victim = connection(1, 1, sent);
  const guest = connection(2, 2, sent);
  assert.is(attack.onConnect(victim), "relay");
  attack.onData(victim, "client to server", encodeUtf8("hello"));
  attack.onData(victim, "server to client", encodeUtf8("key"));
  assert.is(attack.onData(victim, "client to server", encodeUtf8("mine")).length, 0);
  assert.is(await attack.held(), true);
  assert.is(attack.onConnect(guest), "play");
  attack.onData(guest, "client to server", encodeUtf8("hello, too"));
  mock.timers.tick(1000);
  attack.onData(guest, "client to server", encodeUtf8("their"));
  attack.onData(guest, "client to server", encodeUtf8("words"));
  mock.timers.tick(1000);
  assert.is(await attack.replaced(), true);
  assert.equal(sent, ["2 server to client: key", "1 client to server: their", "1 client to server: words"]);
  assert.is(attack.applied?.kind, "replace");
});

test("Spliced gives up after its patience, which starts with the first wait", async () => {
  const attack = new Spliced(TARGET, USUAL);
  // the exchange may wait in the queue
  mock.timers.tick(10 * PATIENCE);
  const victim = connection(1, 1, []);
  attack.onConnect(victim);
  const held = attack.held();
  mock.timers.tick(PATIENCE - 1);
  attack.onData(victim, "client to server", encodeUtf8("hello"));
  attack.onData(victim, "server to client", encodeUtf8("key"));
  attack.onData(victim, "client to server", encodeUtf8("mine"));
  assert.is(await held, true);
  const replaced = attack.replaced();
  mock.timers.tick(PATIENCE);
  assert.is(await replaced, false);
  assert.is(attack.applied, undefined);
});

test.run();
