/** The folders that programs leave behind, and start from in later runs and sessions. */
import type { Machine } from "../sandbox/machine.ts";

export interface FolderOptions {
  /** The folder of a program that has not run before. */
  source: string;
  /** Returns the name of a folder to make. */
  newFolder(): string;
  /** Removes the files that the programs of this session stored in `folder`. */
  removeStoredFiles(folder: string): void;
  /** The folders of an earlier session, to start from. */
  earlier: ProgramFolders | undefined;
  /** Names of programs that start from `source` all the same. */
  freshPrograms: readonly string[];
}

export class ProgramFolders {
  readonly #options: FolderOptions;
  /** By program: the folder for its next run in this session. */
  readonly #nextRun = new Map<string, string>();
  /** By program: the folder for later sessions. */
  readonly #kept = new Map<string, string>();

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  /** Copies the folder of a program that has ended, for its next run in this session. */
  carryOver(program: string, machine: Machine): void {
    const folder = this.#copy(machine);
    this.#options.removeStoredFiles(folder);
    this.#nextRun.set(program, folder);
  }

  /** Copies the folder of a program that has ended, for later sessions. */
  keep(program: string, machine: Machine): void {
    this.#kept.set(program, this.#copy(machine));
  }

  /** The folder that `program` left behind, if it was kept. */
  kept(program: string): string | undefined {
    return this.#kept.get(program);
  }

  /**
   * Returns the folder from which `program` starts.
   *
   * @throws TypeError if the earlier session kept no folders
   */
  startFolder(program: string): string {
    const { source, earlier, freshPrograms } = this.#options;
    const nextRun = this.#nextRun.get(program);
    if (nextRun !== undefined) return nextRun;
    if (!earlier) return source;
    if (earlier.#kept.size === 0)
      throw new TypeError("the earlier session has not kept its folders, or is not closed yet");
    const kept = freshPrograms.includes(program) ? undefined : earlier.kept(program);
    if (kept === undefined) return source;
    // files stored in the earlier session would look as if they were stored in this one
    earlier.#options.removeStoredFiles(kept);
    return kept;
  }

  #copy(machine: Machine): string {
    const folder = this.#options.newFolder();
    machine.copyFolder(folder);
    return folder;
  }
}
