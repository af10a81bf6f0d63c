/** The conversation runs on a second port, which serves only the client that it was opened for. */
import { setTimeout as sleep } from "node:timers/promises";
import { evidenceOf } from "../exchange/evidence.ts";
import { count } from "../exchange/output-patterns.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { piecesOf } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { clientPorts } from "./shared/client-ports.ts";

/** Milliseconds. */
const LOOK = 3;
const MAX_WAIT = 5000;

export function secondPort(points: number): Check {
  return {
    id: "second-port",
    title: "The conversation moves to a port that is its client's alone",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const ports = clientPorts(first);
      if (ports.length < 2) {
        throw new Found({
          expected: "the client connects to the main port, and then to another one",
          happened: `the client connected only to port ${ports.join(", ")}`,
          why: "On a single port, handshakes wait behind conversations.",
          hint: "Let the server open a port of its pool, send its number in an encrypted message, and communicate there.",
          evidence: evidenceOf(first),
        });
      }
      await requireOwnerServed(exchanges, first);
      return attempts("stranger", "refused");
    },
  };
}

/** A stranger connects first, and sends what another client sent there in an earlier session. */
async function requireOwnerServed(exchanges: SharedExchanges, first: Outcome): Promise<void> {
  const [main] = clientPorts(first);
  const last = first.turns.findLast((turn) => turn.direction === "client to server");
  const recorded = first.turns.filter(
    (turn) => turn.connection === last?.connection && turn.direction === "client to server",
  );
  const outcome = await exchanges.runInNewSession({
    title: "a stranger at the second port",
    patient: true,
    during: async (session, client) => {
      // as soon as the second port is open, before its owner connects
      const end = performance.now() + MAX_WAIT;
      while (!client.ended && performance.now() < end) {
        const port = (await session.ports()).find((each) => each !== main);
        if (port !== undefined) {
          const dialled = await session.dial(port).catch(() => undefined);
          for (const piece of recorded.flatMap(piecesOf)) dialled?.write(piece);
          return;
        }
        await sleep(LOOK);
      }
    },
  });
  const wasReplayed = count(outcome.printed.server, first.message) > 0;
  if (outcome.times.message > 0 && !wasReplayed) return;
  throw new Found({
    expected: "a stranger who connects to the second port first does not keep its owner out",
    happened: wasReplayed
      ? "the server accepted a recorded conversation on that port"
      : "the server did not print the owner's message",
    why: "Anyone who watches the handshake, or guesses the port, can connect before its owner.",
    hint: "Bind the second port to a secret of the first connection, and keep accepting until its owner has connected.",
    evidence: evidenceOf(outcome),
  });
}
