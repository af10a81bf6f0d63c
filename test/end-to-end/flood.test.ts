/** Half handshakes from other addresses: honest clients are served meanwhile. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXERCISES, withExercise } from "../support/exercise-clients.ts";
import { ROOT, TSX, TSX_WITH_STOCK_KEY } from "../support/launch.ts";

const RATE = 30;
const ADDRESSES = 10;
const CLIENTS = 5;

for (const name of Object.keys(EXERCISES)) {
  test(`${name}: ${RATE} half handshakes a second keep no honest client out`, async () => {
    const kind = name.startsWith("01") ? "01" : "channel";
    const tsx = kind === "01" ? TSX_WITH_STOCK_KEY : TSX;
    await withExercise(name, { tsx, flags: ["--timeout", "60"] }, async (_, port, talk) => {
      const [node = "", ...args] = [...TSX, "test/support/flood.ts", port, kind, RATE, ADDRESSES].map(String);
      const flood = spawn(node, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(flood, "exit");
      try {
        // a flood that cannot start says nothing
        await Promise.race([once(flood.stdout, "data"), ended]);
        assert.is(flood.exitCode, null);
        for (let client = 0; client < CLIENTS; client += 1) assert.is(await talk(port), "pong");
      } finally {
        flood.kill();
        await ended;
      }
    });
  });
}

test.run();
