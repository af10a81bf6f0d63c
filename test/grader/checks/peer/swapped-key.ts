/** A man in the middle after the first contact replaces each public key that the server sends. */
import { toHex } from "../../../../lib/bytes/bytes.ts";
import { rsaKeysIn, SwappedServerKey } from "../../attacks/swap-key.ts";
import { diagramOf, dumpOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import type { Turn } from "../../model/turn.ts";
import { Found } from "../../model/verdict-errors.ts";

const MAX_KEYS = 3;

/** @throws Found when the client encrypts for the attacker's key */
export async function swapServerKeys(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first } = await exchanges.baseline();
  const targets = first.turns
    .filter(({ direction }) => direction === "server to client")
    .flatMap((turn) => rsaKeysIn(turn.bytes).map((_, index) => ({ turn, index })))
    .slice(0, MAX_KEYS);
  const tried = await Promise.all(targets.map(({ turn, index }) => swapOne(exchanges, turn, index)));
  return tried.flat();
}

async function swapOne(exchanges: SharedExchanges, turn: Turn, index: number): Promise<Attempt[]> {
  const title = `key ${index + 1} in the server's turn ${turn.ordinal} replaced`;
  let swapped = new SwappedServerKey(turn, index);
  const outcome = await exchanges.run(() => {
    swapped = new SwappedServerKey(turn, index);
    return { title, attack: swapped.attack };
  });
  const opened = swapped.opened();
  if (!outcome.applied) return [];
  if (!opened) return attempts("swapped key", "refused");
  throw new Found({
    expected: "a client that knows the server uses only keys that the server vouches for",
    happened: `a public key of the server's was replaced on the way, and the client encrypted ${opened.plaintext.length} bytes for the attacker (${opened.padding})`,
    why: "The attacker can read whatever is encrypted for the attacker's key, no matter which key the client compares with the one that it remembers.",
    hint: "Let the server sign everything that it sends, above all its other keys, with the key that the client remembers. Verify the signature before you use them.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title) },
      dumpOf(outcome.applied),
      { caption: "What the attacker decrypted, in hexadecimal", quote: toHex(opened.plaintext) },
    ],
  });
}
