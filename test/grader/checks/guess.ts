/** An eavesdropper who guesses a text cannot confirm the guess. */
import { attempts } from "../model/attempt.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { CONFIRMED, eavesdrop } from "./shared/eavesdropping.ts";
import { evidenceOfProof, mostTelling, quoteProof } from "./shared/proof-evidence.ts";

export function guess(points: number): Check {
  return {
    id: "guess",
    title: "A guess at a text cannot be confirmed",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { proofs, runs } = await eavesdrop(exchanges);
      const proof = mostTelling(proofs.filter(({ kind }) => kind === CONFIRMED));
      if (proof)
        throw new Found({
          expected: "nothing on the wire depends on a text alone",
          happened: `an eavesdropper who guesses the text ${quoteProof(proof)} can confirm the guess: ${proof.cipher}`,
          why: "Many messages are one of few: yes or no, a name, a number. An eavesdropper can try them all without being noticed.",
          hint: "Hash and sign the ciphertext, or put the hash and signature of the text inside what is encrypted.",
          evidence: evidenceOfProof(proof, runs, "The guess that was confirmed"),
        });
      if (proofs.length > 0) throw new NotShown("an eavesdropper reads the texts, and need not guess them");
      return attempts("recorded session", "found nothing", runs.length);
    },
  };
}
