/**
 * What an eavesdropper can prove, worked out in a process of its own: it takes seconds, in which the wire must not stand still.
 *
 * This file is both sides: started as a program, it answers one request.
 */
import { fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { ROOT } from "../../support/launch.ts";
import { Budget } from "./capture/budget.ts";
import { type Capture, streamsOf } from "./capture/capture.ts";
import type { Proof } from "./capture/proof.ts";
import { viewsOf } from "./decode/decodings.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { findEqualBlocks } from "./symmetric/equal-blocks.ts";
import { findEqualMessages } from "./symmetric/equal-messages.ts";

const FILE = fileURLToPath(import.meta.url);
/** Milliseconds. The search is bounded by steps, about ten seconds of a processor, of which a busy machine gives it little. */
const TIME_LIMIT = 600_000;

export interface Request {
  /** Two sessions with the same texts. */
  same: [Capture, Capture];
  /** One with others between them. */
  other: Capture;
  /** One with texts whose blocks come again and again, where such texts arrive. */
  repeated?: Capture | undefined;
  texts: string[];
  source: { name: string; bytes: Bytes }[];
  /** That it may take, where it is not the usual number. */
  steps?: number | undefined;
}

export interface Answer {
  /** Best first; their sessions are same[0], other, same[1], repeated. */
  proofs: Proof[];
  /** What the two sessions with the same texts share; sessions are counted in `same`. */
  equal: Proof[];
}

/** @throws Error when the search ends without an answer */
export function listenIn(request: Request): Promise<Answer> {
  const child = fork(FILE, ["eavesdrop"], {
    // whatever we ourselves were started with
    execArgv: ["--import", "tsx"],
    // where tsx is found, wherever we were started
    cwd: ROOT,
    serialization: "advanced",
    timeout: TIME_LIMIT,
  });
  return new Promise((resolve, reject) => {
    child.once("message", (answer: Answer) => {
      resolve(answer);
      child.disconnect();
    });
    child.once("error", reject);
    child.once("exit", (status, signal) =>
      reject(new Error(`the eavesdropper ended with ${status ?? signal}`)),
    );
    child.send(request);
  });
}

/** Answers in this process. */
export function answerTo({ same, other, repeated, texts, source, steps }: Request): Answer {
  const captures = [same[0], other, same[1], ...(repeated ? [repeated] : [])];
  const proofs = eavesdrop(captures, texts, { source, ...(steps !== undefined && { steps }) });
  const budget = new Budget(steps);
  const blocks = repeated
    ? streamsOf(repeated, captures.length - 1)
        .flatMap((stream) => viewsOf(stream, budget))
        .flatMap((view) => findEqualBlocks(view, budget))
    : [];
  return { proofs: [...proofs, ...blocks], equal: findEqualMessages(same, [other], budget) };
}

if (process.argv[1] === FILE && process.argv[2] === "eavesdrop" && process.send) {
  // programs that are being timed come first
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  // until we are let go: who ends at once may be known to have ended before his answer has been read
  process.on("message", (request: Request) => process.send?.(answerTo(request)));
}
