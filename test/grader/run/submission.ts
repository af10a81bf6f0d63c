/** A submission: copied, and ready to run its tasks. */
import { basename, join, resolve } from "node:path";
import { loadManifest } from "../manifest/load.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { findSubmissionFolder } from "../manifest/submission-folder.ts";
import type { Report } from "../model/report.ts";
import { BOX_UID, Boxes, whyNoBoxes } from "../sandbox/boxes.ts";
import { copyTree } from "../sandbox/file-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../sandbox/temporary-folder.ts";
import { Unsandboxed } from "../sandbox/unsandboxed.ts";
import type { PreparedTask } from "./prepared-task.ts";
import { SubmissionTask } from "./submission-task.ts";

/** Not copied: the history, and packages, which the programs see where they are. */
const LEFT_OUT = [".git", "node_modules"];

export interface SubmissionOptions {
  /** The manifest, if not the one in the folder. */
  manifest?: string;
  /** Determines every random choice. */
  seed: string;
  sandbox?: "auto" | "bwrap" | "none";
}

export interface Submission {
  readonly manifest: Manifest;
  readonly isolation: Report["isolation"];
  /** @throws Error if the manifest does not match the files */
  prepare(task: string): PreparedTask;
  /** Removes the copies, and ends everything that still runs. */
  close(): Promise<void>;
}

/**
 * Copies the submission in `given`, or in the only folder in it.
 *
 * @throws Error if the manifest or the folder is wrong
 */
export async function openSubmission(given: string, options: SubmissionOptions): Promise<Submission> {
  const folder = findSubmissionFolder(given, options.manifest);
  const manifest = loadManifest(folder, options.manifest, basename(resolve(given)));
  const sandbox = await chooseSandbox(options.sandbox ?? "auto");
  const base = makeTemporaryFolder("sml-grade-", BOX_UID);
  const close = async () => {
    await sandbox.close();
    await removeTemporaryFolder(base);
  };
  try {
    const copy = join(base, "submission");
    const { bytes, skipped } = copyTree(folder, copy, { uid: BOX_UID, leaveOut: LEFT_OUT });
    const tasks = Object.values(manifest.tasks);
    const commands = tasks.flatMap(({ programs, prepare }) => [
      ...prepare.map(([command = ""]) => command),
      ...Object.values(programs).flatMap(({ command, next, relay = command }) =>
        [command, ...next, relay].map(([first = ""]) => first),
      ),
    ]);
    sandbox.prepareFor({ folder: resolve(folder), commands });
    const { kind, notes } = sandbox.isolation;
    const links = skipped.length > 0 ? [`left out of the copy: ${skipped.slice(0, 5).join(", ")}`] : [];
    return {
      manifest,
      isolation: { kind, notes: [...notes, ...links] },
      prepare: (task) => {
        const own = manifest.tasks[task];
        if (!own) throw new TypeError(`the manifest has no task ${task}`);
        return new SubmissionTask(task, own, { base, copy, bytes, sandbox, seed: options.seed });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error instanceof Error ? new Error(`${folder}: ${error.message}`) : error;
  }
}

/** @throws Error if namespaces are required but not available */
async function chooseSandbox(wanted: "auto" | "bwrap" | "none"): Promise<Sandbox> {
  if (wanted === "none") return new Unsandboxed("as requested");
  const why = await whyNoBoxes();
  if (why === undefined) return new Boxes();
  if (wanted === "auto") return new Unsandboxed(why);
  throw new Error(`cannot run it in namespaces: ${why}; run npm run grade -- doctor for details`);
}
