/** One task of one submission, ready to run any number of times. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Session, SessionOptions } from "../model/session.ts";

export interface PreparedTask {
  readonly task: string;
  readonly manifest: TaskManifest;
  /** The edited copy of the submission, as it was before anything ran; read-only. */
  readonly source: string;
  /** The number of steps that the eavesdropper may take, if not the default. */
  readonly steps?: number;
  /** The only source of randomness: the same seed and purpose give the same bytes. */
  random(purpose: string, length: number): Bytes;
  /**
   * Starts the server in fresh namespaces, and waits until it listens.
   *
   * @throws NotShown if it does not
   */
  open(options?: SessionOptions): Promise<Session>;
}
