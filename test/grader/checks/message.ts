/** The client's message arrives, and it travels over the connection. */
import { Buffer } from "node:buffer";
import { evidenceOf, printedOrStored } from "../exchange/evidence.ts";
import { attempts } from "../model/attempt.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { requireArrived } from "./shared/arrival.ts";

export function message(points: number): Check {
  return {
    id: "message",
    title: "The client's message reaches the server",
    points,
    needs: [],
    isFunctional: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireArrived(exchanges, first, "message");
      const { length } = bytesSent(first.turns, "client to server");
      // programs may compress what they send
      if (2 * length >= Buffer.byteLength(first.message)) return attempts("text", "arrived");
      throw new Found({
        expected: "the message travels over the connection",
        happened: `the server ${printedOrStored(exchanges)} the message, but the client sent only ${length} bytes`,
        why: "A message that takes another way than the connection is not protected by what protects the connection.",
        hint: "Send the message over the TCP connection. Share nothing but keys through files.",
        evidence: evidenceOf(first),
      });
    },
  };
}
