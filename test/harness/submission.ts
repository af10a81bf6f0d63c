/** A submission, copied and ready: its tasks become labs. */
import { createHash } from "node:crypto";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Bytes } from "../../lib/bytes.ts";
import { BOX_UID, boxCommand, ETC, type Furniture, LIMITS } from "./box.ts";
import type { Lab, StageOptions } from "./lab.ts";
import { loadManifest, type Manifest, type TaskManifest } from "./manifest.ts";
import type { Side } from "./report.ts";
import { seccompFilter } from "./seccomp.ts";
import { type Machines, RunningStage } from "./stage.ts";
import { applyEdits, copySubmission } from "./submission-copy.ts";
import { Warden } from "./warden.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const DEFAULT_PORT = 10_001;
const SERVER_PORTS = "32768 45999";
const CLIENT_PORTS = "46000 60999";

export interface SubmissionOptions {
  /** The manifest, where it is not the folder's own. */
  manifest?: string;
  seed: string;
  sandbox?: "auto" | "bwrap" | "none";
}

export interface Submission {
  readonly manifest: Manifest;
  readonly isolation: { kind: "namespaces" | "none"; notes: string[] };
  lab(task: string): Promise<Lab>;
  close(): Promise<void>;
}

/** Copies the submission in `folder`, so that its programs can be run. */
export async function openSubmission(folder: string, options: SubmissionOptions): Promise<Submission> {
  const manifest = loadManifest(folder, options.manifest);
  const base = mkdtempSync(join(tmpdir(), "sml-grade-"));
  own(base);
  const furniture = furnish(base);
  return {
    manifest,
    isolation: { kind: "namespaces", notes: [] },
    lab: async (task) => openLab(task, manifest.tasks[task], { folder, base, furniture, seed: options.seed }),
    close: () => rm(base, { recursive: true, force: true }),
  };
}

function own(path: string): void {
  if (BOX_UID !== undefined) chownSync(path, BOX_UID, BOX_UID);
}

function furnish(base: string): Furniture {
  const etc = join(base, "etc");
  mkdirSync(etc);
  for (const [name, content] of Object.entries(ETC)) writeFileSync(join(etc, name), content([]));
  writeFileSync(join(base, "filter"), seccompFilter(process.arch));
  const modules = join(PROJECT, "node_modules");
  return {
    etc,
    runtimes: [],
    mounts: existsSync(modules) ? { "/node_modules": modules } : {},
    path: ["/usr/local/bin", "/usr/bin", "/bin"],
  };
}

function openLab(
  task: string,
  manifest: TaskManifest | undefined,
  { folder, base, furniture, seed }: { folder: string; base: string; furniture: Furniture; seed: string },
): Lab {
  if (!manifest) throw new TypeError(`no task ${task}`);
  const source = join(base, `source-${task}`);
  copySubmission(folder, source);
  applyEdits(source, manifest.edits);
  for (const path of readdirSync(source, { recursive: true, encoding: "utf8" })) own(join(source, path));
  own(source);

  const random = (purpose: string, length: number): Bytes =>
    new Uint8Array(
      createHash("shake256", { outputLength: length }).update(`${seed}\0${task}\0${purpose}`).digest(),
    );
  const machines: Machines = {
    make: async (side, name, text, folder) => {
      const program = manifest.programs[name];
      if (!program) throw new TypeError(`no program ${name}`);
      const fill = fillIn({
        port: String(manifest.port ?? DEFAULT_PORT),
        host: "127.0.0.1",
        [side === "server" ? "reply" : "message"]: text,
      });
      const warden = new Warden({
        filter: join(base, "filter"),
        folder: manifest.folder,
        memory: LIMITS.memory,
        uid: BOX_UID,
        command: boxCommand(furniture, {
          source: folder ?? source,
          folder: manifest.folder,
          command: program.command.map(fill),
          env: program.env,
          limits: LIMITS,
        }),
      });
      await warden.ready;
      await warden.set("ipv4/ip_unprivileged_port_start", "0");
      await warden.set("ipv4/ip_local_port_range", side === "server" ? SERVER_PORTS : CLIENT_PORTS);
      return warden;
    },
  };
  return {
    task,
    manifest,
    source,
    random,
    open: async (options: StageOptions = {}) => {
      const text = (side: Side) =>
        `${side} ${Buffer.from(random(`text of the ${side}`, 12)).toString("hex")}`;
      const stage = new RunningStage({ manifest, machines, keep: async () => source, text }, options);
      try {
        await stage.open();
      } catch (error) {
        await stage.close();
        throw error;
      }
      return stage;
    },
  };
}

function fillIn(values: Record<string, string>): (text: string) => string {
  return (text) => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
