/** A man in the middle after the first contact: he puts a key of his own into the place of each that the server sends, one at a time. */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import { ModifiedTurn } from "../attacks/modify-turn.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Place, streamsOf } from "../crack/capture/capture.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys } from "../crack/keys/find-keys.ts";
import { rewrap, type SwappedKey, swapKeys } from "../crack/rsa/swap-keys.ts";
import { diagramOf, dumpOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Turn } from "../model/turn.ts";
import { Found } from "../model/verdict-errors.ts";

const STEPS = 200_000_000;
const MAX_KEYS = 3;
/** Bytes around a key by which its form is recognised. */
const AROUND = 40;

/** @throws Found when the client encrypts for a key of the attacker's */
export async function swapServerKeys(exchanges: SharedExchanges): Promise<void> {
  const { first } = await exchanges.baseline();
  const targets = first.turns
    .filter(({ direction }) => direction === "server to client")
    .flatMap((turn) => rsaKeysIn(turn.bytes).map((_, index) => ({ turn, index })))
    .slice(0, MAX_KEYS);
  await Promise.all(targets.map(({ turn, index }) => swapOne(exchanges, turn, index)));
}

async function swapOne(exchanges: SharedExchanges, target: Turn, index: number): Promise<void> {
  const title = `key ${index + 1} of the server's turn ${target.ordinal} is another`;
  let swapped: SwappedKey | undefined;
  const held = new ModifiedTurn(target, (turn) => {
    const place = rsaKeysIn(turn)[index];
    const from = Math.max(0, (place?.offset ?? 0) - AROUND);
    const to = place ? place.offset + place.length + AROUND : 0;
    const result = swapKeys(turn.slice(from, to));
    [swapped] = result.swapped;
    const pieces = swapped ? [concat([turn.slice(0, from), result.bytes, turn.slice(to)])] : [turn];
    return {
      kind: "replace",
      offset: place?.offset ?? 0,
      detail: "a public key of the attacker's is in the place of the server's",
      pieces,
    };
  });
  const outcome = await exchanges.run({ title, attack: held });
  const numbers = swapped?.numbers;
  if (!outcome.applied || !numbers) return;
  const { rewrapped } = rewrap(held.passedIn("client to server"), numbers, numbers);
  const opened = rewrapped.find(({ padding }) => padding !== "none");
  if (!opened) return;
  throw new Found({
    expected: "a client that knows the server uses no key that the server did not vouch for",
    happened: `a public key that the server sent was exchanged on the way, and the client encrypted ${opened.plaintext.length} bytes for the attacker (${opened.padding})`,
    why: "What is encrypted for the attacker, the attacker reads, whatever key the client compares with the one it remembers.",
    hint: "Let the remembered key sign everything that the server sends, above all its other keys, and verify that before you use them.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title) },
      dumpOf(outcome.applied),
      {
        caption: "What the attacker decrypted, in hexadecimal",
        quote: Array.from(opened.plaintext, (byte) => byte.toString(16).padStart(2, "0")).join(""),
      },
    ],
  });
}

/** Where the RSA keys are in a turn. */
function rsaKeysIn(turn: Bytes): Place[] {
  const piece = { connection: 1, direction: "server to client" as const, at: 0, bytes: turn };
  const budget = new Budget(STEPS);
  return streamsOf({ pieces: [piece], files: [] })
    .flatMap((stream) => findKeys(viewsOf(stream, budget)))
    .flatMap((key) => ("modulus" in key && key.certain && key.where[0] ? [key.where[0]] : []));
}
