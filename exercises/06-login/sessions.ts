/**
 * What was received in each session of each user, so that every message is taken once.
 *
 * A message is the next of its session, or one that was taken before and is sent again because its
 * confirmation was lost, or an error. To tell a repetition from another text with the same number,
 * the sessions remember the hashes of their last texts: a client has no more than `IN_FLIGHT`
 * unconfirmed.
 */
import { createHash } from "node:crypto";
import type { Entry } from "./journal-file.ts";
import { IN_FLIGHT } from "./protocol.ts";

/** Sessions of a user that are remembered; those that ended go first, then the oldest. */
export const SESSIONS_PER_USER = 1000;

interface Session {
  last: number;
  /** Of the last texts, in order. */
  hashes: string[];
  hasEnded: boolean;
}

/** The part of an entry that identifies it. */
export type Item = Pick<Entry, "user" | "session" | "number" | "text">;

export class Sessions {
  readonly #users = new Map<string, Map<string, Session>>();

  /** Says whether `item` is new, or known already. @throws Error if it is neither */
  judge({ user, session: id, number, text }: Item): "next" | "known" {
    const session = this.#users.get(user)?.get(id);
    const last = session?.last ?? 0;
    if (number === last + 1) return "next";
    if (number > last) throw new Error(`message ${number} is refused: expected ${last + 1}`);
    const hash = session?.hashes.at(number - last - 1);
    if (number <= last - (session?.hashes.length ?? 0) || hash === undefined)
      throw new Error(`message ${number} is refused: the last one is ${last}, too far ahead to compare`);
    if (hash !== hashOf(text)) throw new Error(`message ${number} is refused: it was another text before`);
    return "known";
  }

  /** Adds an item, whatever its number. */
  add({ user, session: id, number, text }: Item): void {
    const sessions = this.#users.get(user) ?? new Map<string, Session>();
    this.#users.set(user, sessions);
    const session = sessions.get(id) ?? { last: 0, hashes: [], hasEnded: false };
    session.last = number;
    session.hashes.push(hashOf(text));
    if (session.hashes.length > IN_FLIGHT) session.hashes.shift();
    // the order is that of the last use
    sessions.delete(id);
    sessions.set(id, session);
    if (sessions.size > SESSIONS_PER_USER) dropOne(sessions);
  }

  /** Takes the last item back that was added to its session. */
  takeBack({ user, session: id }: Item): void {
    const sessions = this.#users.get(user);
    const session = sessions?.get(id);
    if (!sessions || !session) return;
    session.last -= 1;
    session.hashes.pop();
    if (session.last === 0) sessions.delete(id);
  }

  /** Notes that the client of a session has closed it, with all of its messages confirmed. */
  end({ user, session: id }: Pick<Item, "user" | "session">): void {
    const session = this.#users.get(user)?.get(id);
    if (!session) return;
    session.hasEnded = true;
    session.hashes = [];
  }
}

function dropOne(sessions: Map<string, Session>): void {
  const [oldest] = sessions.keys();
  const ended = [...sessions].find(([, { hasEnded }]) => hasEnded)?.[0];
  sessions.delete(ended ?? oldest ?? "");
}

/** Half of a SHA-256: a client that finds two texts with one hash deceives only itself. */
function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64").slice(0, 22);
}
