/** Programs whose texts anyone can read have nothing to protect, and earn no points for that. */
import type { Check } from "../checks/check.ts";
import { eavesdrop } from "../checks/shared/eavesdropping.ts";
import type { ProofKind } from "../crack/capture/proof.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import type { CheckResults } from "./check-results.ts";

const READABLE: ProofKind[] = ["clear", "toy cipher"];

/**
 * Returns why the passed checks about protection show nothing; undefined if they do, or if none of
 * `checks` needs to know.
 */
export async function findReadableTexts(
  checks: readonly Check[],
  exchanges: SharedExchanges,
  results: CheckResults,
): Promise<string | undefined> {
  const passed = await Promise.all(
    checks.map(async ({ id, isFunctional }) => !isFunctional && (await results.hasPassed(id))),
  );
  if (!passed.includes(true) || !(await results.hasPassed("message"))) return undefined;
  const { proofs } = await eavesdrop(exchanges);
  const proof = proofs.find(({ kind }) => READABLE.includes(kind));
  return (
    proof &&
    `anyone can read the texts (${proof.kind === "clear" ? "plaintext" : proof.cipher}): there is nothing to protect`
  );
}
