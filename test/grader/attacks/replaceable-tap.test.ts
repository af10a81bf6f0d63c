import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { Connection } from "../model/tap.ts";
import { ReplaceableTap } from "./replaceable-tap.ts";

function connection(id: number, ended: string[]): Connection {
  return {
    id,
    port: 5000,
    client: 1,
    inject() {},
    end: (direction) => ended.push(`${id} ${direction}`),
    reset() {},
  };
}

const forever = () => new Promise<never>(() => {});

test("release ends the connections of an attack, and nothing waits for it any more", async () => {
  const ended: string[] = [];
  const tap = new ReplaceableTap();
  const before = connection(1, ended);
  assert.is(tap.onConnect(before), "relay");
  tap.use({ onData: forever, onEnd: forever });
  const attacked = connection(2, ended);
  tap.onConnect(attacked);
  const data = tap.onData(attacked, "client to server", encodeUtf8("held"));
  const end = tap.onEnd(attacked, "client to server");
  tap.release();
  assert.is((await data).length, 0);
  assert.is(await end, true);
  assert.equal(ended, ["2 client to server", "2 server to client"]);
  tap.use({ onData: () => encodeUtf8("changed") });
  assert.equal(tap.onData(before, "client to server", encodeUtf8("plain")), encodeUtf8("plain"));
});

test.run();
