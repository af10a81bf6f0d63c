/** A transfer that is running: its progress, how it is aborted, and its last reply. */
import type { Direction, ServerData } from "../../protection.ts";
import { Refusal, type Reply } from "../protocol/reply.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { DataConnection } from "./data-connection.ts";
import { NoConnection } from "./data-port.ts";
import { type Answer, refusalOf, type Session } from "./session.ts";

/** The error of an aborted transfer. */
class Aborted extends Error {}

export class Transfer {
  readonly direction: Direction;
  /** The path of the file or folder. */
  readonly path: string;
  /** Bytes so far. */
  bytes = 0;
  /** Resolves once the last reply is sent. */
  readonly over: Promise<void>;
  /** Resolves `over`. */
  finish: () => void = () => {};
  readonly #connection: DataConnection;
  readonly #start = performance.now();
  #stream: ServerData | undefined;
  #aborted: Aborted | undefined;
  #isSettled = false;

  constructor(connection: DataConnection, direction: Direction, path: string) {
    this.#connection = connection;
    this.direction = direction;
    this.path = path;
    this.over = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** Returns the bytes and seconds so far, for the log. */
  figures(): { bytes: number; seconds: number } {
    return { bytes: this.bytes, seconds: (performance.now() - this.#start) / 1000 };
  }

  /** Waits for the data connection. @throws Aborted, or as `DataConnection.open` */
  async open(): Promise<ServerData> {
    try {
      const stream = await this.#connection.open(this.direction);
      if (this.#aborted) stream.destroy(this.#aborted);
      this.#stream = stream;
      return stream;
    } finally {
      this.check();
    }
  }

  /** @throws Aborted if the transfer was aborted */
  check(): void {
    if (this.#aborted) throw this.#aborted;
  }

  /** Marks the file as received: from here on it cannot be aborted. @throws Aborted */
  settle(): void {
    this.check();
    this.#isSettled = true;
  }

  abort(reason: string): void {
    if (this.#isSettled || this.#aborted) return;
    this.#aborted = new Aborted(reason);
    this.#stream?.destroy(this.#aborted);
    this.#connection.close();
  }

  /** Ends the data connection after `error`. */
  fail(error: unknown): void {
    this.#stream?.destroy(error instanceof Error ? error : new Error(String(error)));
    this.#connection.close();
  }
}

/**
 * Runs `work` over the prepared data connection, and sends the last reply.
 *
 * @param work calls `open` once it has sent 150, and returns the last reply
 */
export async function runTransfer(
  session: Session,
  direction: Direction,
  path: string,
  work: (open: () => Promise<ServerData>, transfer: Transfer) => Promise<Reply>,
): Promise<Answer> {
  if (!session.isPrivate && !session.settings.allowPlaintext)
    throw new Refusal(521, "Data connections must be encrypted; send PBSZ 0 and PROT P.");
  const connection = session.takeData();
  const transfer = new Transfer(connection, direction, path);
  await connection.greet(direction);
  const open = () => {
    session.begin(transfer);
    return transfer.open();
  };
  let answer: Reply;
  try {
    answer = await work(open, transfer);
  } catch (error) {
    answer = explainFailure(session, transfer, error).reply;
    transfer.fail(error);
    const outcome = error instanceof Error ? error.message : String(error);
    session.log("transfer failed", { path, ...transfer.figures(), outcome });
  }
  session.transfer = undefined;
  await session.send(answer);
  transfer.finish();
  return undefined;
}

/** Returns the last reply of a transfer that has failed. */
function explainFailure(session: Session, transfer: Transfer, error: unknown): Refusal {
  try {
    transfer.check();
  } catch (aborted) {
    if (aborted instanceof Aborted) return new Refusal(426, `Transfer aborted: ${aborted.message}.`);
  }
  if (error instanceof Refusal) return error;
  if (error instanceof StorageError) return refusalOf(error);
  if (error instanceof NoConnection)
    return new Refusal(425, `Cannot open data connection: ${error.message}.`);
  if (!(error instanceof Error))
    return new Refusal(451, "Requested action aborted: local error in processing.");
  if (error instanceof TypeError || error instanceof RangeError) session.settings.report(error);
  return new Refusal(426, "Data connection failed or ended early; the transfer may be incomplete.");
}
