/** Checks of the second port: it is there, it is nobody else's, and it comes back. */
import { Buffer } from "node:buffer";
import { count } from "../exchange/output-patterns.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { evidenceOf } from "./works.ts";

/** Exchanges after which a pool of ten ports has been used up if none came back. */
const MANY = 12;
const SAMPLES = 3;

/** The ports to which the client of an exchange connected, in order. */
function portsOf({ events }: Outcome): number[] {
  return events.flatMap((event) =>
    event.type === "connect" && event.client !== undefined ? [event.port] : [],
  );
}

/** The conversation runs on a second port, and is served to its owner alone. */
export function secondPort(points: number): Check {
  return {
    id: "second-port",
    title: "The conversation moves to a port that is its client's alone",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const ports = new Set(portsOf(first));
      if (ports.size < 2) {
        throw new Found({
          expected: "the client connects to the main port, and then to another one",
          happened: `it connected to port ${[...ports].join(", ")} only`,
          why: "One port carries all there is: handshakes wait behind conversations.",
          hint: "Let the server open a port out of its pool, name it in an encrypted message, and talk there.",
          evidence: evidenceOf(first),
        });
      }
      await rival(exchanges, first);
    },
  };
}

/** Somebody else comes first to the second port, with what a client sent there in an earlier session. */
async function rival(exchanges: SharedExchanges, first: Outcome): Promise<void> {
  const main = portsOf(first)[0];
  const last = first.turns.findLast((turn) => turn.direction === "client to server");
  const recorded = first.turns.filter(
    (turn) => turn.connection === last?.connection && turn.direction === "client to server",
  );
  let rivals = 0;
  const outcome = await exchanges.run({
    title: "a rival at the second port",
    patient: true,
    reply: exchanges.text("reply to the owner"),
    tap: {
      onConnect: (connection) => {
        if (connection.port !== main) rivals += 1;
        return "relay";
      },
    },
    during: async (session, client) => {
      // as soon as the second port is there, before its owner has come
      const end = performance.now() + 5000;
      while (!client.ended && performance.now() < end) {
        const port = (await session.ports()).find((each) => each !== main);
        if (port !== undefined) {
          const dialled = await session.dial(port).catch(() => undefined);
          for (const turn of recorded) dialled?.write(turn.bytes);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    },
  });
  void rivals;
  const old = count(outcome.printed.server, first.message) > 0;
  if (outcome.times.message > 0 && !old) return;
  throw new Found({
    expected: "a stranger who comes first to the second port does not keep its owner out",
    happened: old
      ? "a recorded conversation was taken there"
      : "the owner's message was not printed any more",
    why: "Whoever watches the handshake, or guesses the port, is there before its owner.",
    hint: "Bind the second port to a secret of the first connection, and let any number stand before the door.",
    evidence: evidenceOf(outcome),
  });
}

/** The number of the second port is not to be read. */
export function portSecret(points: number): Check {
  return {
    id: "port-secret",
    title: "The second port is not named in clear",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      if (new Set(portsOf(first)).size < 2) notShown("there is no second port");
      const runs = [first, await exchanges.again()];
      while (runs.length < SAMPLES)
        runs.push(
          await exchanges.run({ title: "another port", reply: exchanges.text(`port ${runs.length}`) }),
        );
      const clear = runs.every((run) => namesPort(run));
      if (!clear) return;
      throw new Found({
        expected: "the second port comes encrypted",
        happened: `it stood in clear on the first connection, in ${runs.length} of ${runs.length} runs`,
        why: "An eavesdropper who knows the port is there before its owner.",
        hint: "Send the port as an encrypted message of the first connection.",
        evidence: evidenceOf(first),
      });
    },
  };
}

/** Says whether the main connection carries the number of the second port, as digits or in two or four bytes after a zero. */
function namesPort(outcome: Outcome): boolean {
  const [main, ...others] = [...new Set(portsOf(outcome))];
  const connection = outcome.events.find((event) => event.type === "connect" && event.port === main);
  if (connection?.type !== "connect") return false;
  const turns = outcome.turns.filter((turn) => turn.connection === connection.connection);
  const bytes = Buffer.from(bytesSent(turns, "server to client"));
  return others.some(
    (port) =>
      new RegExp(`(?<!\\d)${port}(?!\\d)`).test(bytes.toString("latin1")) || bytes.includes(wide(port)),
  );
}

function wide(port: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(port);
  return bytes;
}

/** Ports come back: more clients than there are ports are served, one after the other. */
export function pool(points: number): Check {
  return {
    id: "pool",
    title: "Ports return to the pool",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      if (new Set(portsOf(first)).size < 2) notShown("there is no second port");
      await exchanges.withSession({ title: "many clients" }, async (session) => {
        for (let number = 1; number <= MANY; number += 1) {
          const outcome = await exchanges.runOn(session, { title: `client ${number}`, patient: true });
          if (outcome.times.message > 0) continue;
          throw new Found({
            expected: `${MANY} clients, one after the other, are all served`,
            happened: `client ${number} was not`,
            why: "A port that never comes back is lost: after as many clients as there are ports nobody is served any more.",
            hint: "Give the port back in every case: the client leaves, resets, never comes, or falls silent.",
            evidence: evidenceOf(outcome),
          });
        }
      });
    },
  };
}
