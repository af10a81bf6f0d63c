import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Semaphore } from "../../../../lib/async/semaphore.ts";
import { flip } from "../../attacks/alterations.ts";
import { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type FakeProgram, FakeTask } from "../../fakes/fake-task.ts";
import { tamper } from "./run.ts";

/** Milliseconds: longer than an attack waits for the rest of a turn. */
const LONG_PAUSE = 400;
const HALF = 20;

const server: FakeProgram = async ({ text, print, listen }) => {
  const socket = await listen(5000).accept();
  print(await socket.readLine());
  socket.write(`${text}\n`);
};

/** Pauses in the middle of its message in the run with this number. */
function pausingIn(run: number): FakeProgram {
  let runs = 0;
  return async ({ text, print, connect }) => {
    runs += 1;
    const socket = await connect(5000);
    const line = `${text}\n`;
    socket.write(runs === run ? line.slice(0, HALF) : line);
    if (runs === run) {
      await sleep(LONG_PAUSE);
      socket.write(line.slice(HALF));
    }
    print(await socket.readLine());
  };
}

test("tamper strikes again if the sender paused in the middle of the turn", async () => {
  const exchanges = new SharedExchanges(new FakeTask({ server, client: pausingIn(2) }), {
    semaphore: new Semaphore(1),
    timeout: 30,
    keepsFolders: false,
    longText: 1000,
  });
  const { turns } = await exchanges.baseline();
  const target = turns.message;
  assert.ok(target);
  if (!target) return;
  const { applied } = await tamper(exchanges, {
    name: "flip",
    receiver: "server",
    target,
    onMessage: true,
    alter: (turn) => flip(turn, 3),
  });
  assert.is(applied?.before.length, target.bytes.length);
  await exchanges.finish();
});

test.run();
