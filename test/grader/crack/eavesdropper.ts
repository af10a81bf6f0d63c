/** Runs the eavesdropper in a process of its own. */
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { Budget } from "./capture/budget.ts";
import { type Capture, streamsOf } from "./capture/capture.ts";
import type { Proof } from "./capture/proof.ts";
import { viewsOf } from "./decode/decodings.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { ask, serve, startProcess } from "./other-process.ts";
import { findEqualBlocks } from "./symmetric/equal-blocks.ts";
import { findEqualMessages } from "./symmetric/equal-messages.ts";

const FILE = fileURLToPath(import.meta.url);

export interface Request {
  /** Two sessions with the same texts. */
  same: [Capture, Capture];
  /** A session between them with other texts. */
  other: Capture;
  /** A session with texts whose blocks repeat, if the program can send such texts. */
  repeated?: Capture | undefined;
  texts: string[];
  source: { name: string; bytes: Bytes }[];
  /** The budget, if not the usual one. */
  steps?: number | undefined;
}

export interface Answer {
  /** Best first; the sessions are same[0], other, same[1], repeated. */
  proofs: Proof[];
  /**
   * Bytes that only the two sessions with the same texts share; sessions are indices into `same`.
   */
  equal: Proof[];
}

/** Answers in another process. @throws Error if it ends without an answer */
export function listenIn(request: Request): Promise<Answer> {
  return ask(startProcess(FILE), request);
}

/** Answers in this process. */
export function answerTo({ same, other, repeated, texts, source, steps }: Request): Answer {
  const captures = [same[0], other, same[1], ...(repeated ? [repeated] : [])];
  const proofs = eavesdrop(captures, texts, { source, ...(steps !== undefined && { steps }) });
  const budget = new Budget(steps);
  const viewsIn = (capture: Capture, session: number) =>
    streamsOf(capture, session).flatMap((stream) => viewsOf(stream, budget));
  const blocks = repeated
    ? findEqualBlocks(viewsIn(repeated, captures.length - 1), [...same, other].flatMap(viewsIn), budget)
    : [];
  return {
    // a function cannot be sent to another process
    proofs: [...proofs, ...blocks].map(({ rewrite, ...proof }) => proof),
    equal: findEqualMessages(same, [other], budget),
  };
}

serve(FILE, answerTo);
