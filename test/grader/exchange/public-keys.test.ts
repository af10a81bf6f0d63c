import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Direction, Side } from "../model/direction.ts";
import type { SessionEvent } from "../model/events.ts";
import type { Overheard } from "./captured-in.ts";
import { ownKeysOf, publicKeysOf } from "./public-keys.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const PEM = new Uint8Array(Buffer.from(publicKey.export({ type: "spki", format: "pem" })));

/** Keys are found in the events alone. */
function outcomeOf(events: SessionEvent[]): Overheard {
  return { session: { events }, events };
}

function owners(events: SessionEvent[]): Side[] {
  const outcome = outcomeOf(events);
  return (["client", "server"] as const).filter((side) => ownKeysOf(outcome, side).length > 0);
}

const file = (name: string, side: Side): SessionEvent => ({ at: 0, type: "file", side, name, bytes: PEM });

test("ownKeysOf gives the key in a shared file to the side in its name, or to its first writer", () => {
  assert.equal(owners([file("keys/Client_public.pem", "server")]), ["client"]);
  assert.equal(owners([file("server.pem", "client")]), ["server"]);
  assert.equal(owners([file("a.pem", "server"), file("a.pem", "client")]), ["server"]);
  assert.equal(owners([file("server-and-client.pem", "client")]), ["client"]);
});

test("ownKeysOf gives the key in a shared file to the side whose signature it opens", () => {
  const signature = new Uint8Array(sign("sha256", PEM, privateKey));
  const sent = (direction: Direction): SessionEvent => {
    return { at: 0, type: "data", connection: 1, direction, bytes: signature, passed: signature };
  };
  assert.equal(owners([file("keys.pem", "client"), sent("server to client")]), ["server"]);
  assert.equal(owners([file("keys.pem", "server"), sent("client to server")]), ["client"]);
});

test("publicKeysOf returns only keys that were sent", () => {
  const sent: SessionEvent = {
    at: 0,
    type: "data",
    connection: 1,
    direction: "client to server",
    bytes: PEM,
    passed: PEM,
  };
  assert.is(publicKeysOf(outcomeOf([sent]), "client").length, 1);
  assert.is(publicKeysOf(outcomeOf([file("client.pem", "client")]), "client").length, 0);
  assert.equal(owners([sent]), ["client"]);
});

test.run();
