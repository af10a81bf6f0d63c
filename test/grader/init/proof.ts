/** Proves a manifest by one plain exchange, as the grader runs it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { ExchangeRunner } from "../exchange/exchange-runner.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { openSubmission } from "../run/submission.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../sandbox/temporary-folder.ts";

/** Milliseconds: see exchange/is-over.ts. */
const TIMING = { times: { message: 1, reply: 1 }, patience: 5000, grace: 250, limit: 60_000 };

export interface Proof {
  message: boolean;
  reply: boolean;
  /** Why nothing was exchanged. */
  reason?: string;
}

/**
 * Runs one exchange of `task` with the manifest `json`.
 *
 * @throws Error if the manifest does not match the files
 */
export async function prove(folder: string, json: object, task: string): Promise<Proof> {
  const base = makeTemporaryFolder("sml-proof-");
  const manifest = join(base, "submission.json");
  writeFileSync(manifest, JSON.stringify(json));
  try {
    const submission = await openSubmission(folder, { manifest, seed: "init", sandbox: "bwrap" });
    try {
      const options = { semaphore: new Semaphore(1), record: () => {} };
      const runner = new ExchangeRunner(submission.prepare(task), options);
      const title = "init";
      return await runner.withSession({ title }, async (session) => {
        const { times } = await runner.exchange(session, { title }, TIMING);
        return { message: times.message > 0, reply: times.reply > 0 };
      });
    } finally {
      await submission.close();
    }
  } catch (error) {
    if (error instanceof NotShown) return { message: false, reply: false, reason: error.message };
    throw error;
  } finally {
    await removeTemporaryFolder(base);
  }
}
