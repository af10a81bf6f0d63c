/** Checks that bad guests do no harm. */
import { encodeUtf8 } from "../../lib/bytes.ts";
import { type Check, Found } from "../harness/check.ts";
import type { Outcome } from "../harness/exchange.ts";
import type { Ending, Stage } from "../harness/lab.ts";
import { describeEnding, ladderOf } from "../harness/ladder.ts";
import type { Trials } from "../harness/trials.ts";
import { refusesPickles } from "./unpickle.ts";
import { evidenceOf } from "./works.ts";

const WHY =
  "A server is open to everybody: a port scan, a stranger's mistake or malice reaches it before any key does.";

interface Guest {
  name: string;
  visit: (stage: Stage, trials: Trials) => Promise<() => void>;
}

/** Each says something bad; what is returned ends the visit. */
const GUESTS: Guest[] = [
  {
    name: "garbage",
    visit: (stage, trials) => speak(stage, [trials.lab.random("garbage", 600)]),
  },
  {
    name: "a web browser's request",
    visit: (stage) => speak(stage, [encodeUtf8("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]),
  },
  {
    name: "a length of 4 GiB, and no end",
    visit: (stage) => speak(stage, [new Uint8Array([255, 255, 255, 255]), new Uint8Array(65_536).fill(0x41)]),
  },
  { name: "silence", visit: (stage) => speak(stage, []) },
];

async function speak(stage: Stage, pieces: Uint8Array<ArrayBuffer>[]): Promise<() => void> {
  const dialled = await stage.dial();
  for (const piece of pieces) dialled.write(piece);
  return () => dialled.reset();
}

/** A server that takes no guest any more shows that when an honest client comes. */
async function visit(stage: Stage, trials: Trials, guest: Guest): Promise<() => void> {
  try {
    return await guest.visit(stage, trials);
  } catch {
    return () => {};
  }
}

/** For servers that serve one client and end: after a bad guest they have ended, or serve the next. */
export function survivesOnce(points: number): Check {
  return {
    id: "robust",
    title: "Garbage and early ends do not make it hang, grow or print for ever",
    points,
    needs: ["message"],
    async run(trials) {
      const { first } = await trials.plain();
      requireBounded(first.stage.server.ended ?? first.endings.server, "server", first);
      requireBounded(first.endings.client, "client", first);
      await Promise.all([
        refusesPickles(trials),
        ...GUESTS.slice(0, 3).map((guest) => visitOnce(trials, guest)),
      ]);
    },
  };
}

async function visitOnce(trials: Trials, guest: Guest): Promise<void> {
  const { patience, first } = await trials.plain();
  await trials.withStage({ title: guest.name }, async (stage) => {
    const leave = await visit(stage, trials, guest);
    await wait(patience / 2);
    leave();
    const end = performance.now() + 4 * patience;
    // it may end, or listen again; a busy one gets its time
    while (!stage.server.ended && performance.now() < end) {
      if ((await stage.ports()).length > 0) break;
      await wait(50);
    }
    if (stage.server.ended) return requireBounded(stage.server.ended, "server", first, guest.name);
    const outcome = await trials.runOn(stage, { title: "an honest client", patient: true });
    if (outcome.times.message > 0) return;
    requireBounded(stage.server.ended, "server", outcome, guest.name);
    if (stage.server.ended) return;
    throw new Found({
      expected: "after a bad guest the server ends, or serves the next client",
      happened: `after ${guest.name} the server neither ended nor served an honest client`,
      why: WHY,
      hint: "Give up a connection that says something wrong or nothing: close it, and accept the next or end.",
      evidence: evidenceOf(outcome),
    });
  });
}

/** For servers that serve many: honest clients are served while bad guests are there, and afterwards. */
export function survives(points: number, flood = 60): Check {
  return {
    id: "robust",
    title: "Honest clients are served whatever others do",
    points,
    needs: ["message"],
    async run(trials) {
      const { first } = await trials.plain();
      requireBounded(first.endings.server, "server", first);
      requireBounded(first.endings.client, "client", first);
      await refusesPickles(trials);
      await trials.withStage({ title: "bad guests" }, async (stage) => {
        const leaving: (() => void)[] = [];
        for (const guest of GUESTS) leaving.push(await visit(stage, trials, guest));
        await requireServed(trials, stage, "beside guests who send garbage, a huge length and nothing");
        for (const leave of leaving) leave();
        const crowd: (() => void)[] = [];
        for (let count = 0; count < flood; count += 1)
          crowd.push(await speak(stage, []).catch(() => () => {}));
        await requireServed(trials, stage, `beside ${flood} silent connections`);
        for (const leave of crowd) leave();
        await requireServed(trials, stage, "after all of them have left");
      });
    },
  };
}

async function requireServed(trials: Trials, stage: Stage, when: string): Promise<void> {
  const outcome = stage.server.ended
    ? undefined
    : await trials.runOn(stage, { title: "an honest client", patient: true });
  if (outcome && outcome.times.message > 0) return;
  const ending = stage.server.ended;
  throw new Found({
    expected: `an honest client is served ${when}`,
    happened: ending ? `the server had ended, with ${describeEnding(ending)}` : "its message was not printed",
    why: WHY,
    hint: "Serve each connection on its own, catch its errors, limit what it may send and how long it may take.",
    evidence: outcome
      ? evidenceOf(outcome)
      : [
          {
            caption: "What the server printed",
            quote: (stage.server.stdout + stage.server.stderr).slice(-1500),
          },
        ],
  });
}

/** Fails when the harness had to end a program that took more than its share. */
export function requireBounded(
  ending: Ending | undefined,
  side: string,
  outcome: Outcome,
  after?: string,
): void {
  const stopped = ending?.stopped;
  if (stopped !== "output" && stopped !== "memory") return;
  throw new Found({
    expected: `the ${side} takes a bounded share of the machine`,
    happened: `${after ? `after ${after} ` : ""}it was ended since it took too much: ${stopped}`,
    why: WHY,
    hint: "When read returns nothing, the peer has gone: leave the loop. Limit what you read before you keep it.",
    evidence: [{ caption: "The exchange", ladder: ladderOf(outcome, "The exchange") }],
  });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
