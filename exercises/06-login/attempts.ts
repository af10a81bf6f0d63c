/**
 * Limits how fast passwords can be guessed, without locking people out.
 *
 * A stranger's guesses are charged to the client's address, and to the pair of user and key
 * (lib/passwords/guesses.ts). A key that has logged in as a user before answers for itself only:
 * others who guess, even from the same address, do not delay it.
 */
import { Guesses } from "../../lib/passwords/guesses.ts";

/** Keys of a user that are remembered; the one that has not logged in for longest goes first. */
export const KEYS_PER_USER = 16;

export interface LoginAttempt {
  /** IP address of the client. */
  address: string;
  /** The name that the client gave; undefined if no user can have it. */
  user: string | undefined;
  /** The fingerprint of the client's key. */
  key: string;
  /** Aborted once the client is gone. */
  signal: AbortSignal;
}

export class Attempts {
  readonly #strangers: Guesses;
  readonly #known: Guesses;
  readonly #keys = new Map<string, Set<string>>();

  /** @param unit seconds of the shortest delay */
  constructor(unit?: number) {
    this.#strangers = new Guesses(unit);
    this.#known = new Guesses(unit);
  }

  /**
   * Returns the result of `evaluate`; undefined, after a delay, means that the proof is wrong.
   *
   * @throws as `Guesses.attempt`
   */
  async attempt<T>(
    { address, user = "", key, signal }: LoginAttempt,
    evaluate: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const pair = `${key} ${user}`;
    if (this.#keys.get(user)?.has(key))
      return this.#known.attempt({ address: pair, account: pair, signal }, evaluate);
    return this.#strangers.attempt({ address, account: pair, signal }, evaluate);
  }

  /** Notes that `key` has logged in as `user`. */
  know(user: string, key: string): void {
    const keys = this.#keys.get(user) ?? new Set();
    this.#keys.set(user, keys);
    keys.delete(key);
    keys.add(key);
    const [oldest = ""] = keys;
    if (keys.size > KEYS_PER_USER) keys.delete(oldest);
  }
}
