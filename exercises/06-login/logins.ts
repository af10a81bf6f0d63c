/**
 * The clients of the server: those that log in, and those that have.
 *
 * A client without a login holds one of a few places, shared among addresses; a client that has
 * logged in counts for its user.
 */
import type { Channel } from "../../lib/channel/channel.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { Places } from "../../lib/net/places.ts";
import type { Attempts } from "./attempts.ts";
import { CHANGED, Inbox } from "./inbox.ts";
import type { Journal } from "./journal.ts";
import type { LoginEvent } from "./log-events.ts";
import { acceptLogin } from "./login.ts";
import { type Message, send } from "./protocol.ts";
import type { Rate } from "./rate.ts";
import type { User, UserList } from "./user-list.ts";

/**
 * Maximum number of clients that have proved a key, and no password. An address has at most a
 * quarter of them.
 */
export const MAX_CANDIDATES = 256;

export interface LoginsOptions {
  users: UserList;
  attempts: Attempts;
  journal: Journal;
  rate: Rate;
  log: (event: LoginEvent) => void;
  /** Seconds that a client may take for each message of the login. */
  timeout: number;
  /** Seconds that a client may stay silent after it. */
  idle: number;
  /** Maximum number of clients of one user. */
  perUser: number;
}

interface Login {
  user: User;
  inbox: Inbox;
}

export class Logins {
  readonly #options: LoginsOptions;
  readonly #candidates: Places<Channel, "login">;
  readonly #logins = new Set<Login>();

  constructor(options: LoginsOptions) {
    this.#options = options;
    this.#candidates = new Places<Channel, "login">({
      stages: ["login"],
      total: MAX_CANDIDATES,
      perAddress: MAX_CANDIDATES / 4,
      drop: (channel) => channel.destroy("dropped before its login: too many others came after it"),
    });
  }

  /** Serves one client. @throws Error when it does not log in properly */
  async serve(channel: Channel, address: string): Promise<void> {
    const { log } = this.#options;
    const host = hostOf(address);
    const about = { address, key: channel.peer.fingerprint };
    const candidate = { channel, host, signal: signalOf(channel) };
    this.#candidates.take(channel, host);
    let user: User | undefined;
    try {
      user = await acceptLogin(candidate, {
        ...this.#options,
        refused: (named, reason) =>
          log({ ...about, event: "login refused", user: named?.name, outcome: reason }),
      });
    } finally {
      this.#candidates.release(channel);
    }
    if (!user) return;
    const refusal = this.#whyNot(user);
    if (refusal) {
      log({ ...about, event: "login refused", user: user.name, outcome: refusal.reason });
      await send(channel, refusal, this.#options.timeout);
      return;
    }
    const isCurrent = () => this.#options.users.isCurrent(user);
    const inbox = new Inbox(channel, { ...this.#options, user: user.name, isCurrent });
    const login = { user, inbox };
    this.#logins.add(login);
    log({ ...about, event: "login", user: user.name, role: user.role });
    const start = performance.now();
    const outcome = await inbox.run().then(
      () => "done",
      (error: unknown) => explain(error),
    );
    this.#logins.delete(login);
    const seconds = (performance.now() - start) / 1000;
    log({ ...about, event: "end", user: user.name, messages: inbox.stored, seconds, outcome });
  }

  /** Ends the sessions of users who are no longer in the list, or have changed. */
  dismiss(): void {
    const { users } = this.#options;
    for (const { user, inbox } of this.#logins) if (!users.isCurrent(user)) inbox.stop(new Error(CHANGED));
  }

  /** Returns what to say to a client of `user` that has logged in, if it may not stay. */
  #whyNot(user: User): (Message & { type: "refused" | "failed" }) | undefined {
    const { users, perUser } = this.#options;
    // the list may have changed since the login
    if (!users.isCurrent(user)) return { type: "refused", reason: CHANGED };
    const own = [...this.#logins].filter((login) => login.user.name === user.name);
    if (own.length < perUser) return undefined;
    return { type: "failed", reason: `too many clients of this user: ${perUser}` };
  }
}

/** Returns a signal that is aborted once the channel is over. */
function signalOf(channel: Channel): AbortSignal {
  const controller = new AbortController();
  channel.closed.then(
    () => controller.abort(new Error("the client has gone before its login was complete")),
    () => {},
  );
  return controller.signal;
}

/** Returns the host of `address`, HOST:PORT. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}
