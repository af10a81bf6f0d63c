/** The outcome of one exchange between a client and a server. */
import type { AppliedAttack } from "./attack.ts";
import type { SessionEvent } from "./events.ts";
import type { Ending, RunningProgram } from "./program.ts";
import type { Session } from "./session.ts";
import type { Turn } from "./turn.ts";

export interface Outcome {
  session: Session;
  /** The client that was started for this exchange. */
  client: RunningProgram;
  message: string;
  reply: string;
  /** The events of this exchange only. */
  events: SessionEvent[];
  turns: Turn[];
  /** Everything that each program printed during the exchange, on both streams. */
  printed: { server: string; client: string };
  /** How often each text was printed by the side that could only learn it from the other. */
  times: { message: number; reply: number };
  endings: { server: Ending | undefined; client: Ending | undefined };
  applied: AppliedAttack | undefined;
  /** Milliseconds from the start of the client. */
  took: number;
  /** The longest silence since the first connection, in milliseconds. */
  longestSilence: number;
  /** The exchange was still busy when its time limit was reached. */
  unfinished: boolean;
}
