/** Hostile clients do no harm: not to the server, and not to honest clients. */
import { setTimeout as sleep } from "node:timers/promises";
import { evidenceOf } from "../exchange/evidence.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import { describeEnding } from "../model/ending.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Ending } from "../model/program.ts";
import type { Session } from "../model/session.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { connect, type HostileClient, LOUD, SILENT } from "./robust/hostile-clients.ts";
import { requireNoUnpickling } from "./robust/pickles.ts";

/** Silent connections at a time. */
const FLOOD = 60;
/** Milliseconds between two looks at a server. */
const LOOK = 50;
const MAX_OUTPUT = 1500;
const WHY =
  "A server is open to everyone: port scans, a stranger's mistakes and malice reach it before any key does.";

/**
 * For servers that serve one client and end: after a hostile client they end, or serve the next.
 */
export function robustOnce(points: number): Check {
  return {
    id: "robust",
    title: "Garbage and early ends do not make a program hang, grow or print forever",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireBounded(first.session.server.ended, "server", first);
      requireBounded(first.endings.client, "client", first);
      const loud = exchanges.isQuick ? LOUD.slice(0, 1) : LOUD;
      const [pickles] = await Promise.all([
        requireNoUnpickling(exchanges),
        ...loud.map((hostile) => provedTwice(exchanges, () => requireRecovery(exchanges, hostile))),
      ]);
      return [...pickles, ...attempts("hostile client", "survived", loud.length)];
    },
  };
}

/**
 * For servers that serve many: honest clients are served while hostile ones are there, and after.
 */
export function robust(points: number): Check {
  return {
    id: "robust",
    title: "Honest clients are served whatever others do",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireBounded(first.session.server.ended, "server", first);
      requireBounded(first.endings.client, "client", first);
      const pickles = await requireNoUnpickling(exchanges);
      await provedTwice(exchanges, () => requireUndisturbed(exchanges));
      const flood = exchanges.isQuick ? 0 : FLOOD;
      return [...pickles, ...attempts("hostile client", "survived", LOUD.length + 1 + flood)];
    },
  };
}

/** @throws Found when an honest client is not served beside hostile ones, or after them */
async function requireUndisturbed(exchanges: SharedExchanges): Promise<void> {
  await exchanges.withSession({ title: "hostile clients" }, async (session) => {
    const serves = (when: string) => requireServed(exchanges, session, when);
    const few = await connectAll(exchanges, session, [...LOUD, SILENT]);
    await serves("beside clients that send garbage, a huge length, or nothing");
    for (const leave of few) leave();
    if (exchanges.isQuick) return;
    const many = await connectAll(
      exchanges,
      session,
      Array.from({ length: FLOOD }, () => SILENT),
    );
    await serves(`beside ${FLOOD} silent connections`);
    for (const leave of many) leave();
    await serves("after all of them have left");
  });
}

/**
 * Lets a finding stand only if it comes again, and if an honest client alone is served right after
 * both: the server may have failed for another reason.
 *
 * @throws Found, or NotShown when the honest client is not served
 */
async function provedTwice(exchanges: SharedExchanges, attempt: () => Promise<void>): Promise<void> {
  for (const isLast of [false, true]) {
    const found = await attempt().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (found === undefined) return;
    if (!(found instanceof Found)) throw found;
    const alone = await exchanges.runInNewSession({ title: "an honest client alone", patient: true });
    if (alone.times.message === 0) throw new NotShown("an honest client alone was not served either");
    if (isLast) throw found;
  }
}

async function requireRecovery(exchanges: SharedExchanges, hostile: HostileClient): Promise<void> {
  const { patience, first } = await exchanges.baseline();
  const { name } = hostile;
  await exchanges.withSession({ title: name }, async (session) => {
    const leave = await connect(session, hostile, exchanges.prepared);
    await sleep(patience / 2);
    leave();
    // the server may end, or listen again; a busy one gets time
    const end = performance.now() + 4 * patience;
    while (!session.server.ended && performance.now() < end) {
      if ((await session.ports()).length > 0) break;
      await sleep(LOOK);
    }
    if (session.server.ended) return requireBounded(session.server.ended, "server", first, name);
    const outcome = await exchanges.runIn(session, { title: "an honest client", patient: true });
    if (outcome.times.message > 0) return;
    requireBounded(session.server.ended, "server", outcome, name);
    if (session.server.ended) return;
    throw new Found({
      expected: "after a hostile client, the server ends or serves the next client",
      happened: `after ${name}, the server neither ended nor served an honest client`,
      why: WHY,
      hint: "Close a connection that sends something wrong, or nothing in time. Then accept the next one, or end.",
      evidence: evidenceOf(outcome),
    });
  });
}

async function connectAll(
  { prepared }: SharedExchanges,
  session: Session,
  clients: readonly HostileClient[],
): Promise<(() => void)[]> {
  const leaving: (() => void)[] = [];
  for (const client of clients) leaving.push(await connect(session, client, prepared));
  return leaving;
}

async function requireServed(exchanges: SharedExchanges, session: Session, when: string): Promise<void> {
  const outcome = session.server.ended
    ? undefined
    : await exchanges.runIn(session, { title: "an honest client", patient: true });
  if (outcome && outcome.times.message > 0) return;
  const { ended, stdout, stderr } = session.server;
  throw new Found({
    expected: `an honest client is served ${when}`,
    happened: ended ? `the server ${describeEnding(ended)}` : "the server did not print its message",
    why: WHY,
    hint: "Serve each connection by itself, catch its errors, and limit what it may send and how long it may take.",
    evidence: outcome
      ? evidenceOf(outcome)
      : [{ caption: "What the server printed", quote: (stdout + stderr).slice(-MAX_OUTPUT) }],
  });
}

/** @throws Found when the grader had to end a program that took too much */
function requireBounded(ending: Ending | undefined, side: string, outcome: Outcome, after?: string): void {
  const stopped = ending?.stopReason;
  if (stopped !== "output" && stopped !== "memory") return;
  throw new Found({
    expected: `the ${side} uses a bounded share of the machine`,
    happened: `${after ? `after ${after}, ` : ""}the grader had to end it, because it took too much ${stopped}`,
    why: WHY,
    hint: "When read returns nothing, the peer has closed the connection: leave the loop. Limit how much you read before you store it.",
    evidence: [{ caption: "The exchange", diagram: diagramOf(outcome, "The exchange") }],
  });
}
