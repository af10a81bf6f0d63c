/** An eavesdropper cannot read the texts. */
import { Budget } from "../crack/capture/budget.ts";
import { knownForms } from "../crack/capture/known.ts";
import type { Proof } from "../crack/capture/proof.ts";
import { findClear } from "../crack/decode/clear.ts";
import { captureViews } from "../exchange/public-keys.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { CONFIRMED, eavesdrop } from "./shared/eavesdropping.ts";
import { evidenceOfProof, mostTelling, quoteProof } from "./shared/proof-evidence.ts";

/** Where excerpts of a long text end, as shares of its length. */
const EXCERPTS = [0.25, 0.5, 0.75, 1];
/** Characters. */
const EXCERPT_LENGTH = 200;
const LONG_STEPS = 300_000_000;

export function secret(points: number): Check {
  return {
    id: "secret",
    title: "An eavesdropper learns neither text",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { proofs, runs } = await eavesdrop(exchanges);
      const proof = mostTelling(proofs.filter(({ kind }) => kind !== CONFIRMED));
      if (proof) throw found(proof, runs);
      const long = await searchLongTexts(exchanges);
      return attempts("recorded session", "found nothing", runs.length + long);
    },
  };
}

/**
 * Searches for parts of long texts: only their beginning may be encrypted. Returns the number of
 * sessions that were searched.
 *
 * @throws Found
 */
async function searchLongTexts(exchanges: SharedExchanges): Promise<number> {
  if (exchanges.hasFixedTexts || exchanges.isQuick) return 0;
  const run = await exchanges.longTexts();
  const budget = new Budget(LONG_STEPS);
  const knowns = knownForms([run.message, run.reply].flatMap(excerptsOf));
  const [proof] = findClear(captureViews(run, budget).flat(), knowns, budget);
  if (proof) throw found(proof, [run]);
  return 1;
}

function excerptsOf(text: string): string[] {
  return EXCERPTS.map((share) => Math.round(share * text.length)).map((end) =>
    text.slice(Math.max(0, end - EXCERPT_LENGTH), end),
  );
}

function found(proof: Proof, runs: readonly Outcome[]): Found {
  const { kind, cipher } = proof;
  return new Found({
    expected: "the bytes on the wire reveal neither text",
    happened: `an eavesdropper reads ${quoteProof(proof)}: ${kind === "clear" ? cipher.replace(/^none/, "plaintext") : `${kind}, ${cipher}`}`,
    why: "Anyone on the path between the two programs can read along without being noticed.",
    hint: HINTS[kind] ?? DEFAULT_HINT,
    evidence: evidenceOfProof(proof, runs, "What was recovered"),
  });
}

const DEFAULT_HINT =
  "Use AES-GCM, ChaCha20-Poly1305 or Fernet with a new random key, and RSA-OAEP with 2048 bits or more to send that key.";
const HINTS: Partial<Record<Proof["kind"], string>> = {
  clear: "Encrypt the text before you send it. Base64, hexadecimal and pickle are encodings, not encryption.",
  "key on the wire":
    "Encrypt the secret key with the receiver's public key, or agree on it with Diffie-Hellman.",
  "equal blocks": "Use a mode with a random nonce and authentication, such as GCM. Never use ECB.",
  "key in the source":
    "Make a new random key for each session. Everyone who has the source knows the keys written in it.",
};
