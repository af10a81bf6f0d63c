/** What happens in a session, in order of time. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction, Side } from "./direction.ts";
import type { Ending } from "./program.ts";

/** Where output appeared: a stored file counts as output too. */
export type OutputStream = "stdout" | "stderr" | "file";

/** `at`: milliseconds since the session was opened. */
export type SessionEvent = { at: number } & (
  | {
      type: "connect";
      connection: number;
      address: string;
      port: number;
      /** The source port. */
      from: number;
      /** The number of the client's program; undefined if the grader itself connected. */
      client: number | undefined;
    }
  | {
      type: "data";
      connection: number;
      direction: Direction;
      /** As they arrived; empty for bytes that the tap injected. */
      bytes: Bytes;
      /** The bytes that were forwarded. */
      passed: Bytes;
      /** Bytes of both that were discarded, because the session's memory for events is full. */
      dropped?: number;
    }
  | { type: "end" | "reset"; connection: number; direction: Direction }
  | { type: "printed"; side: Side; program: number; stream: OutputStream; text: string }
  | { type: "exit"; side: Side; program: number; ending: Ending }
  /** A shared file that `side` wrote, and that was copied to the other side. */
  | { type: "file"; side: Side; name: string; bytes: Bytes }
);

export type EventWithoutTime = SessionEvent extends infer E
  ? E extends unknown
    ? Omit<E, "at">
    : never
  : never;
