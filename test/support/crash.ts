/**
 * Kills exercise 06's server at random moments while clients send, starts it again, and compares
 * what was confirmed with the journal.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { Program } from "./launch.ts";
import type { LoginHouse } from "./login-server.ts";

const CLIENTS = ["alice", "bob", "carol"];

/** Returns a function that returns numbers from 0 to 1, the same for a `seed` (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Runs the crash test.
 *
 * @param options kills: how often the server is killed; perClient: messages of each client; seed:
 *   determines the moments, which are counted in messages that are confirmed, and then in
 *   milliseconds
 */
export async function crash(
  house: LoginHouse,
  { kills, perClient, seed }: { kills: number; perClient: number; seed: number },
): Promise<void> {
  const random = randomNumbers(seed);
  let server = await house.serve("--rate", "99999");
  const input = Array.from({ length: perClient }, (_, index) => `text ${index + 1}`).join("\n");
  const clients = CLIENTS.map((user) => house.client(user, ["--timeout", "120"], { input }));
  const confirmed = () => clients.map(({ stdout }) => stdout.split("\n").length - 1);
  const total = () => confirmed().reduce((sum, count) => sum + count, 0);
  const all = CLIENTS.length * perClient;
  for (let kill = 1; kill <= kills; kill += 1) {
    const goal = Math.floor((all * kill * 0.95) / (kills + 1));
    // a client whose first connection fails gives up
    await waitUntil(clients, () => total() >= goal && Math.min(...confirmed()) > 0);
    await sleep(random() * 20);
    const before = confirmed();
    await server.stop();
    const lines = await house.lines();
    for (const [index, user] of CLIENTS.entries()) {
      const inFile = lines.filter((line) => line.user === user).length;
      assert.ok(inFile >= (before[index] ?? 0), `kill ${kill}: ${user} has ${inFile} of ${before[index]}`);
    }
    server = await house.serve("--rate", "99999");
  }
  const endings = await Promise.all(clients.map(({ ending }) => ending));
  const numbers = Array.from({ length: perClient }, (_, index) => index + 1);
  const lines = await house.lines();
  for (const [index, user] of CLIENTS.entries()) {
    const ending = endings[index];
    assert.is(ending?.status, 0, ending?.stderr);
    assert.is(ending?.stdout, numbers.map((number) => `Confirmed: ${number}\n`).join(""));
    const own = lines.filter((line) => line.user === user);
    assert.equal(
      own.map(({ number }) => number),
      numbers,
    );
    assert.equal(
      own.map(({ text }) => text),
      numbers.map((number) => `text ${number}`),
    );
    assert.is(new Set(own.map(({ session }) => session)).size, 1);
  }
  server.child.kill("SIGTERM");
  assert.is((await server.ending).status, 0, server.stderr);
}

/** Waits until `isReached`, which the output of `programs` may change. @throws when one fails */
async function waitUntil(programs: readonly Program[], isReached: () => boolean): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    for (const { ending } of programs)
      ending.then(({ status, stderr }) => status !== 0 && reject(new Error(stderr)), reject);
    const look = () => {
      if (!isReached()) return;
      for (const { child } of programs) child.stdout?.off("data", look);
      resolve();
    };
    for (const { child } of programs) child.stdout?.on("data", look);
    look();
  });
}
