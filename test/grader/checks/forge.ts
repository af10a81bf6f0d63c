/** A message of the attacker's own, made with nothing but the receiver's public key, as it passed. */
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { ModifiedTurn } from "../attacks/modify-turn.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Piece, streamsOf } from "../crack/capture/capture.ts";
import { patch, type View } from "../crack/capture/view.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys, type RsaKey } from "../crack/keys/find-keys.ts";
import { sealBlock } from "../crack/rsa/own-keys.ts";
import type { Padding } from "../crack/rsa/padding.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf, dumpOf } from "../exchange/sequence-diagram.ts";
import type { Baseline, SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { Direction } from "../model/direction.ts";
import type { Turn } from "../model/turn.ts";
import { Found } from "../model/verdict-errors.ts";
import { keysOf } from "./keys.ts";

const STEPS = 200_000_000;
/** Bytes beside the one block: lengths and the like, but no signature. */
const MAX_FRAME = 16;
const USUAL: Padding[] = ["OAEP, SHA-256", "OAEP, SHA-1", "PKCS #1 v1.5"];
const OPPOSITE: Record<Direction, Direction> = {
  "client to server": "server to client",
  "server to client": "client to server",
};

/** Where a message is one block of RSA and nothing else, makes another one; returns whether it is. @throws Found when it is taken */
export async function forge(
  exchanges: SharedExchanges,
  baseline: Baseline,
  receiver: "server" | "client",
): Promise<boolean> {
  const target = receiver === "server" ? baseline.turns.message : baseline.turns.reply;
  const key = keysOf(baseline.first, receiver).find(({ key }) => "modulus" in key)?.key;
  if (!target || !key || !("modulus" in key) || !blockOf(target.bytes, key)) return false;
  await Promise.all(USUAL.map((padding) => forgeWith(exchanges, { receiver, target, padding })));
  return true;
}

async function forgeWith(
  exchanges: SharedExchanges,
  { receiver, target, padding }: { receiver: "server" | "client"; target: Turn; padding: Padding },
): Promise<void> {
  const title = `forged with ${padding}, to the ${receiver}`;
  const text = exchanges.text(title, 30);
  const held: ModifiedTurn = new ModifiedTurn(target, (turn) => {
    const [key] = viewsIn(held.passedIn(OPPOSITE[target.direction])).flatMap((view) => findKeys([view]));
    const forged = key && "modulus" in key ? sealInto(turn, key, padding, text) : undefined;
    const detail = "encrypted by the attacker with the public key that had passed";
    return { kind: "replace", offset: 0, detail, pieces: [forged ?? turn] };
  });
  const outcome = await exchanges.run({ title, attack: held });
  if (!outcome.applied || count(outcome.printed[receiver], text) === 0) return;
  throw new Found({
    expected: `the ${receiver} takes no message but one that its peer signed`,
    happened: `a text of the attacker's, encrypted with the ${receiver}'s public key (${padding}), was put in the place of the genuine one, and the ${receiver} printed it`,
    why: "A public key is public: whoever has it can encrypt, and only a signature says who it was.",
    hint: "Sign each message with the sender's private key, and verify it with the sender's public key before you print it.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [text] }) },
      dumpOf(outcome.applied),
      { caption: "The forged text", quote: text },
      { caption: `What the ${receiver} printed`, quote: outcome.printed[receiver].trim().slice(0, 1500) },
    ],
  });
}

function viewsIn(bytes: Bytes): View[] {
  const piece: Piece = { connection: 1, direction: "client to server", at: 0, bytes };
  return streamsOf({ pieces: [piece], files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}

/** The place of the one block for `key` that a turn consists of, but for its frame. */
function blockOf(turn: Bytes, { bits }: RsaKey): { view: View; at: number } | undefined {
  const length = Math.ceil(bits / 8);
  const view = viewsIn(turn).find(
    ({ bytes, rare }) => !rare && bytes.length >= length && bytes.length <= length + MAX_FRAME,
  );
  return view && { view, at: view.bytes.length - length };
}

function sealInto(turn: Bytes, key: RsaKey, padding: Padding, text: string): Bytes | undefined {
  const block = blockOf(turn, key);
  return block && patch(block.view, block.at, sealBlock(key, { padding, plaintext: encodeUtf8(text) }));
}
