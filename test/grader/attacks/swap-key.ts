/** A man in the middle who replaces one public key of the server with a key of the attacker's. */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import { Budget } from "../crack/capture/budget.ts";
import { type Place, streamsOf } from "../crack/capture/capture.ts";
import { viewsOf } from "../crack/decode/decodings.ts";
import { findKeys } from "../crack/keys/find-keys.ts";
import { type Rewrapped, rewrap, type SwappedKey, swapKeys } from "../crack/rsa/swap-keys.ts";
import { ModifiedTurn, type TargetTurn } from "./modify-turn.ts";

const STEPS = 200_000_000;
/** Bytes around a key by which its format is recognised. */
const AROUND = 40;

export class SwappedServerKey {
  readonly attack: ModifiedTurn;
  #swapped: SwappedKey | undefined;

  /** @param index which of the RSA keys in the turn */
  constructor(target: TargetTurn, index: number) {
    this.attack = new ModifiedTurn(target, (turn) => {
      const place = rsaKeysIn(turn)[index];
      const from = Math.max(0, (place?.offset ?? 0) - AROUND);
      const to = place ? place.offset + place.length + AROUND : 0;
      const { swapped, bytes } = swapKeys(turn.slice(from, to));
      [this.#swapped] = swapped;
      return {
        kind: "replace",
        offset: place?.offset ?? 0,
        detail: "a public key of the attacker's replaced the server's",
        pieces: [this.#swapped ? concat([turn.slice(0, from), bytes, turn.slice(to)]) : turn],
      };
    });
  }

  /** What the client encrypted with the attacker's key, if anything. */
  opened(): Rewrapped | undefined {
    const numbers = this.#swapped?.numbers;
    if (!this.attack.applied || !numbers) return undefined;
    const { rewrapped } = rewrap(this.attack.passedIn("client to server"), numbers, numbers);
    return rewrapped.find(({ padding }) => padding !== "none");
  }
}

/** Returns the places of the RSA keys in a turn of the server. */
export function rsaKeysIn(turn: Bytes): Place[] {
  const piece = { connection: 1, direction: "server to client" as const, at: 0, bytes: turn };
  const budget = new Budget(STEPS);
  return streamsOf({ pieces: [piece], files: [] })
    .flatMap((stream) => findKeys(viewsOf(stream, budget)))
    .flatMap((key) => ("modulus" in key && key.certain && key.where[0] ? [key.where[0]] : []));
}
