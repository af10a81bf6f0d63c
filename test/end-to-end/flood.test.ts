/** Floods of strangers: honest clients are served meanwhile, and no log grows without bound. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STRANGERS_LIMIT } from "../../lib/async/allowance.ts";
import { EXERCISES, withExercise } from "../support/exercise-clients.ts";
import { ROOT, TSX, TSX_WITH_STOCK_KEY } from "../support/launch.ts";

const RATE = 30;
const ADDRESSES = 10;
const CLIENTS = 5;
/** So many that their lines exceed the limit, and how many come at a time. */
const STRANGERS = 1500;
const BATCH = 50;

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

for (const name of Object.keys(EXERCISES)) {
  test(`${name}: strangers write a bounded number of lines, and the rest is summed up`, async () => {
    await withExercise(
      name,
      { tsx: TSX_WITH_STOCK_KEY, flags: ["--timeout", "60"] },
      async (server, port) => {
        for (let batch = 0; batch < STRANGERS / BATCH; batch += 1)
          await Promise.all(Array.from({ length: BATCH }, () => comeAndGo(port)));
        server.child.kill("SIGTERM");
        const { status, stderr } = await server.ending;
        assert.is(status, 0);
        const lines = stderr.trimEnd().split("\n");
        const about = lines.filter((line) => line.startsWith("127.0.0.1:"));
        const [, more = "0"] =
          /^and ([\d,]+) more lines about (?:dropped|refused) clients$/.exec(lines.at(-1) ?? "") ?? [];
        assert.is(about.length + Number(more.replace(",", "")), STRANGERS);
        assert.ok(about.join("").length < STRANGERS_LIMIT + 200, `${about.length} lines`);
      },
    );
  });
}

for (const name of Object.keys(EXERCISES)) {
  test(`${name}: every line about a client has a kind, whose lines are limited`, async () => {
    const tsx = [...TSX_WITH_STOCK_KEY, "--import", "./test/support/marked-reports.ts"];
    await withExercise(name, { tsx }, async (server, port, talk) => {
      assert.is(await talk(port), "pong");
      await comeAndGo(port);
      server.child.kill("SIGTERM");
      const { stderr } = await server.ending;
      const lines = stderr
        .replace(/^(?:My key|Listening).*\n/gm, "")
        .trimEnd()
        .split("\n");
      const kinds = new Set(lines.map((line) => /^\[(.+?)\] 127\.0\.0\.1:/.exec(line)?.[1] ?? line));
      const expected = name.startsWith("01")
        ? ["refused clients", "served clients"]
        : ["conversations", "dropped clients"];
      assert.equal([...kinds].sort(), expected);
    });
  });
}

/** Connects, and closes without a word; resolves once the server has closed, too. */
async function comeAndGo(port: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.resume().end();
  await once(socket, "close");
}

test.run();
