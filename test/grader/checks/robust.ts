/** Checks that bad guests do no harm. */
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { describeEnding, diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Ending } from "../model/program.ts";
import type { Session } from "../model/session.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { refusesPickles } from "./unpickle.ts";
import { evidenceOf } from "./works.ts";

const WHY =
  "A server is open to everybody: a port scan, a stranger's mistake or malice reaches it before any key does.";

interface Guest {
  name: string;
  visit: (session: Session, exchanges: SharedExchanges) => Promise<() => void>;
}

/** Each says something bad; what is returned ends the visit. */
const GUESTS: Guest[] = [
  {
    name: "garbage",
    visit: (session, exchanges) => speak(session, [exchanges.prepared.random("garbage", 600)]),
  },
  {
    name: "a web browser's request",
    visit: (session) => speak(session, [encodeUtf8("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]),
  },
  {
    name: "a length of 4 GiB, and no end",
    visit: (session) =>
      speak(session, [new Uint8Array([255, 255, 255, 255]), new Uint8Array(65_536).fill(0x41)]),
  },
  { name: "silence", visit: (session) => speak(session, []) },
];

async function speak(session: Session, pieces: Uint8Array<ArrayBuffer>[]): Promise<() => void> {
  const dialled = await session.dial();
  for (const piece of pieces) dialled.write(piece);
  return () => dialled.reset();
}

/** A server that takes no guest any more shows that when an honest client comes. */
async function visit(session: Session, exchanges: SharedExchanges, guest: Guest): Promise<() => void> {
  try {
    return await guest.visit(session, exchanges);
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
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireBounded(first.session.server.ended ?? first.endings.server, "server", first);
      requireBounded(first.endings.client, "client", first);
      await Promise.all([
        refusesPickles(exchanges),
        ...GUESTS.slice(0, 3).map((guest) => visitOnce(exchanges, guest)),
      ]);
    },
  };
}

async function visitOnce(exchanges: SharedExchanges, guest: Guest): Promise<void> {
  const { patience, first } = await exchanges.baseline();
  await exchanges.withSession({ title: guest.name }, async (session) => {
    const leave = await visit(session, exchanges, guest);
    await wait(patience / 2);
    leave();
    const end = performance.now() + 4 * patience;
    // it may end, or listen again; a busy one gets its time
    while (!session.server.ended && performance.now() < end) {
      if ((await session.ports()).length > 0) break;
      await wait(50);
    }
    if (session.server.ended) return requireBounded(session.server.ended, "server", first, guest.name);
    const outcome = await exchanges.runOn(session, { title: "an honest client", patient: true });
    if (outcome.times.message > 0) return;
    requireBounded(session.server.ended, "server", outcome, guest.name);
    if (session.server.ended) return;
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
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireBounded(first.endings.server, "server", first);
      requireBounded(first.endings.client, "client", first);
      await refusesPickles(exchanges);
      await exchanges.withSession({ title: "bad guests" }, async (session) => {
        const leaving: (() => void)[] = [];
        for (const guest of GUESTS) leaving.push(await visit(session, exchanges, guest));
        await requireServed(exchanges, session, "beside guests who send garbage, a huge length and nothing");
        for (const leave of leaving) leave();
        const crowd: (() => void)[] = [];
        for (let count = 0; count < flood; count += 1)
          crowd.push(await speak(session, []).catch(() => () => {}));
        await requireServed(exchanges, session, `beside ${flood} silent connections`);
        for (const leave of crowd) leave();
        await requireServed(exchanges, session, "after all of them have left");
      });
    },
  };
}

async function requireServed(exchanges: SharedExchanges, session: Session, when: string): Promise<void> {
  const outcome = session.server.ended
    ? undefined
    : await exchanges.runOn(session, { title: "an honest client", patient: true });
  if (outcome && outcome.times.message > 0) return;
  const ending = session.server.ended;
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
            quote: (session.server.stdout + session.server.stderr).slice(-1500),
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
  const stopped = ending?.stopReason;
  if (stopped !== "output" && stopped !== "memory") return;
  throw new Found({
    expected: `the ${side} takes a bounded share of the machine`,
    happened: `${after ? `after ${after} ` : ""}it was ended since it took too much: ${stopped}`,
    why: WHY,
    hint: "When read returns nothing, the peer has gone: leave the loop. Limit what you read before you keep it.",
    evidence: [{ caption: "The exchange", diagram: diagramOf(outcome, "The exchange") }],
  });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
