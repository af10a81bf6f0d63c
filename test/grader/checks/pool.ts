/** Ports return to the pool: more clients than there are ports are served, one after the other. */
import { evidenceOf } from "../exchange/evidence.ts";
import { attempts } from "../model/attempt.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { requireSecondPort } from "./shared/client-ports.ts";

/** Exchanges that exhaust a pool of ten ports if none returns. */
const MANY = 12;

export function pool(points: number): Check {
  return {
    id: "pool",
    title: "Ports return to the pool",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireSecondPort(first);
      await exchanges.withSession({ title: "many clients" }, async (session) => {
        for (let number = 1; number <= MANY; number += 1) {
          const outcome = await exchanges.runIn(session, { title: `client ${number}`, patient: true });
          if (outcome.times.message > 0) continue;
          throw new Found({
            expected: `the server serves ${MANY} clients, one after the other`,
            happened: `it did not serve client ${number}`,
            why: "A port that never returns is lost. Once all ports are lost, the server serves no client.",
            hint: "Return the port in every case: the client closes the connection, resets it, never connects, or falls silent.",
            evidence: evidenceOf(outcome),
          });
        }
      });
      return attempts("client", "served", MANY);
    },
  };
}
