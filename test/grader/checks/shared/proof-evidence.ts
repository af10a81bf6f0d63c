/** What a report shows of an eavesdropper's proof. */
import { describePlace } from "../../crack/capture/capture.ts";
import type { Proof } from "../../crack/capture/proof.ts";
import { diagramOf } from "../../exchange/sequence-diagram.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Evidence } from "../../model/report.ts";

const MAX_QUOTE = 300;

/** Returns the best proof, of the earliest text that fell in the same way: the message itself. */
export function mostTelling(proofs: readonly Proof[]): Proof | undefined {
  const [best] = proofs;
  const order = ({ text }: Proof) => text ?? Number.MAX_SAFE_INTEGER;
  return proofs
    .filter(({ kind, cipher }) => kind === best?.kind && cipher === best.cipher)
    .toSorted((a, b) => order(a) - order(b))[0];
}

/** How to repeat the proof, what it gave, and the exchange. @param caption what was recovered */
export function evidenceOfProof(
  { kind, cipher, key, recovered, where, how }: Proof,
  runs: readonly Outcome[],
  caption: string,
): Evidence[] {
  const session = where[0]?.session ?? 0;
  const run = runs[session] ?? runs[0];
  const places = where.map(describePlace).join("\n");
  const read = {
    what: kind === "clear" ? "the text, in plaintext" : cipher,
    where: where.filter((place) => place.session === session),
  };
  return [
    {
      caption: "How to reproduce it",
      quote: `${how}${key === undefined ? "" : `\nkey: ${key}`}\n${places}`,
    },
    { caption, quote: recovered.slice(0, MAX_QUOTE) },
    ...(run
      ? [{ caption: "The exchange", diagram: diagramOf(run, "What the eavesdropper saw", { read }) }]
      : []),
  ];
}

/** Quotes what a proof recovered. */
export function quoteProof({ recovered }: Proof): string {
  return JSON.stringify(recovered.slice(0, MAX_QUOTE));
}
