/** The number of the second port is not sent in plaintext. */
import { Buffer } from "node:buffer";
import { evidenceOf } from "../exchange/evidence.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { clientPorts, requireSecondPort } from "./shared/client-ports.ts";

export function portSecret(points: number): Check {
  return {
    id: "port-secret",
    title: "The second port is not named in plaintext",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireSecondPort(first);
      const runs = [
        first,
        await exchanges.sameTexts(),
        await exchanges.runInNewSession({ title: "another port" }),
      ];
      // in one run, the number may occur by chance
      if (!runs.every(namesPort)) return attempts("recorded session", "found nothing", runs.length);
      throw new Found({
        expected: "the number of the second port is encrypted",
        happened: `it was sent in plaintext on the first connection, in each of ${runs.length} runs`,
        why: "An eavesdropper who knows the port can connect before its owner.",
        hint: "Send the port in an encrypted message on the first connection.",
        evidence: evidenceOf(first),
      });
    },
  };
}

/**
 * Says whether the first connection carries the second port, as digits or as an integer of 4 bytes.
 */
function namesPort(outcome: Outcome): boolean {
  const [main, ...others] = clientPorts(outcome);
  const connect = outcome.events.find((event) => event.type === "connect" && event.port === main);
  if (connect?.type !== "connect") return false;
  const turns = outcome.turns.filter((turn) => turn.connection === connect.connection);
  const bytes = Buffer.from(bytesSent(turns, "server to client"));
  return others.some(
    (port) =>
      new RegExp(`(?<!\\d)${port}(?!\\d)`).test(bytes.toString("latin1")) || bytes.includes(uint32(port)),
  );
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
