/**
 * Runs the eavesdropper in a process of its own, because it takes seconds of computation during
 * which the wire must keep moving.
 *
 * This file is both sides: started as a program, it answers one request.
 */
import { fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import { Budget } from "./capture/budget.ts";
import { type Capture, streamsOf } from "./capture/capture.ts";
import type { Proof } from "./capture/proof.ts";
import { viewsOf } from "./decode/decodings.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { findEqualBlocks } from "./symmetric/equal-blocks.ts";
import { findEqualMessages } from "./symmetric/equal-messages.ts";

const FILE = fileURLToPath(import.meta.url);
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Milliseconds. The search takes about ten seconds, or far longer on a busy machine. */
const TIME_LIMIT = 600_000;

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
  const child = fork(FILE, ["eavesdrop"], {
    // not the options with which this process was started
    execArgv: ["--import", "tsx"],
    // where tsx is found
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
  const viewsIn = (capture: Capture, session: number) =>
    streamsOf(capture, session).flatMap((stream) => viewsOf(stream, budget));
  const blocks = repeated
    ? findEqualBlocks(viewsIn(repeated, captures.length - 1), [...same, other].flatMap(viewsIn), budget)
    : [];
  return { proofs: [...proofs, ...blocks], equal: findEqualMessages(same, [other], budget) };
}

if (process.argv[1] === FILE && process.argv[2] === "eavesdrop" && process.send) {
  // leave the processor to programs that are being timed
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  // stay until disconnected: the parent might see the exit before the answer
  process.on("message", (request: Request) => {
    // a parent that has ended meanwhile needs no answer
    process.send?.(answerTo(request), undefined, undefined, () => {});
  });
}
