/** Whether a text arrived, and the finding if it did not. */
import { Buffer } from "node:buffer";
import { evidenceOf, quote } from "../../exchange/evidence.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import { describeEnding } from "../../model/ending.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Finding } from "../../model/report.ts";
import { Found, NotShown } from "../../model/verdict-errors.ts";
import { fileNameFor } from "../../run/stored-file-names.ts";

export type Reasons = Pick<Finding, "why" | "hint">;

export interface ArrivalPlan {
  /** Runs the exchange in question, with other texts at each attempt. */
  run(attempt: number): Promise<Outcome>;
  /** Runs one of the same shape that must work: a plain one, in the same delivery. */
  control(attempt: number): Promise<Outcome>;
  reasons: Reasons | ((outcome: Outcome, which: "message" | "reply") => Reasons);
}

/**
 * Requires that both texts arrive, as in a plain exchange. One that is lost is proved by a second
 * attempt, with other texts, between two controls that work.
 *
 * @throws Found when a text is lost twice; NotShown when a control fails
 */
export async function requireBothArrive(
  exchanges: SharedExchanges,
  { run, control, reasons }: ArrivalPlan,
): Promise<Attempt[]> {
  const { times: usual } = (await exchanges.baseline()).first;
  const haveArrived = ({ times }: Outcome) =>
    (usual.message === 0 || times.message > 0) && (usual.reply === 0 || times.reply > 0);
  const requireControl = async (attempt: number) => {
    if (haveArrived(await control(attempt))) return;
    throw new NotShown("a plain exchange beside it did not work either");
  };
  if (!haveArrived(await run(1))) {
    await requireControl(1);
    const outcome = await run(2);
    if (!haveArrived(outcome)) {
      await requireControl(2);
      for (const which of ["message", "reply"] as const) {
        const why = typeof reasons === "function" ? reasons(outcome, which) : reasons;
        if (usual[which] > 0) requireArrived(exchanges, outcome, which, why);
      }
    }
  }
  return attempts("text", "arrived", Number(usual.message > 0) + Number(usual.reply > 0));
}

/** @throws Found when the text was not printed, or not stored */
export function requireArrived(
  exchanges: SharedExchanges,
  outcome: Outcome,
  which: "message" | "reply",
  reasons: Reasons = {
    why: "Nothing else counts until the text arrives.",
    hint: exchanges.transfersFiles
      ? 'Run both programs by hand with the commands of the manifest. Is the file where its field "files" says?'
      : "Run both programs by hand with the commands of the manifest. Does the receiver print exactly the text?",
  },
): void {
  if (outcome.times[which] > 0) return;
  const [receiver, sender] =
    which === "message" ? (["server", "client"] as const) : (["client", "server"] as const);
  const text = outcome[which];
  throw new Found({
    expected: exchanges.transfersFiles
      ? `the ${receiver}'s folder contains the ${sender}'s file ${fileNameFor(text)}, with the content ${quote(text)}`
      : `the ${receiver} prints the ${sender}'s text, ${quote(text)}`,
    happened: `the ${receiver} did not ${exchanges.transfersFiles ? "store" : "print"} it; ${describe(outcome)}`,
    ...reasons,
    ...(isEscaped(outcome.printed[receiver], text) && {
      hint: "The text is there, but with its bytes or code points escaped as in source code. Decode the decrypted bytes as UTF-8, and print the string itself, not its representation.",
    }),
    evidence: evidenceOf(outcome),
  });
}

/** Says whether `output` has a text that is not all ASCII in the form `\\xd0\\xbf` or `\\u043f`. */
export function isEscaped(output: string, text: string): boolean {
  const escapes = [
    Array.from(Buffer.from(text), (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${hex(byte, 2)}`)),
    Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).map((unit) =>
      unit < 0x80 ? String.fromCharCode(unit) : `\\u${hex(unit, 4)}`,
    ),
  ].map((characters) => characters.join(""));
  return escapes.some((escaped) => escaped !== text && output.toLowerCase().includes(escaped.toLowerCase()));
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

function describe({ endings, unfinished }: Outcome): string {
  const states = (["client", "server"] as const).map((side) => {
    const ending = endings[side];
    return `the ${side} ${ending ? describeEnding(ending) : "was still running"}`;
  });
  return `${states.join(", ")}${unfinished ? "; the time limit was reached" : ""}`;
}
