/** Texts that fill many packets arrive whole. */
import { Buffer } from "node:buffer";
import type { Outcome } from "../model/outcome.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { type Reasons, requireBothArrive } from "./shared/arrival.ts";

/** @param length characters of the texts, as in `Task.longText` */
export function long(points: number, length: number): Check {
  return {
    id: "long",
    title: `Texts of ${length.toLocaleString("en")} characters arrive whole`,
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      exchanges.requireFreeTexts();
      return requireBothArrive(exchanges, {
        run: (attempt) =>
          attempt === 1
            ? exchanges.longTexts()
            : exchanges.runInNewSession({
                title: "other long texts",
                message: exchanges.longText("another long message"),
                reply: exchanges.longText("another long reply"),
                patient: true,
              }),
        control: (attempt) =>
          exchanges.runInNewSession({ title: `beside long texts ${attempt}`, patient: true }),
        reasons: reasonsFor,
      });
    },
  };
}

/** A text that was never sent whole did not get lost on the way. */
function reasonsFor(outcome: Outcome, which: "message" | "reply"): Reasons {
  const [sender, direction] =
    which === "message"
      ? (["client", "client to server"] as const)
      : (["server", "server to client"] as const);
  const sent = bytesSent(outcome.turns, direction).length;
  // programs may compress what they send
  if (2 * sent < Buffer.byteLength(outcome[which]))
    return {
      why: `The ${sender} did not send it: ${sent.toLocaleString("en")} bytes are too few for the text.`,
      hint: "One block of RSA with OAEP takes 190 bytes (2048 bits, SHA-256). Cut the text into blocks and encrypt each, or encrypt it with a symmetric key. Look for an error in the sender's output.",
    };
  return {
    why: "Everything was sent. One read returns what has arrived, at most as much as its buffer holds, and rarely one whole message.",
    hint: "Send the length before each message, and read until that many bytes have arrived. Do not look for a line end: any byte may occur in a ciphertext.",
  };
}
