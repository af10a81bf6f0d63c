/**
 * Limits how fast passwords can be guessed, without delaying the right password from elsewhere.
 *
 *     const guesses = new Guesses();
 *     const user = await guesses.attempt(attempt, () => verify(name, password));
 *
 * One attempt of an address and one of an account are evaluated at a time, and at most
 * `HASHES_AT_ONCE` in all. An attempt is charged to its address and its account before it is
 * evaluated. The right password gets its charge back, and is answered at once. A wrong one is
 * answered after a delay that doubles with each charge of the address or of the account, and the
 * address waits until then. Of those who wait, the address with the fewest charges is next, and of
 * its attempts the newest: old ones are the likeliest to be given up.
 */
import { networkOf } from "../net/network.ts";
import { Charges } from "./charges.ts";
import { HASHES_AT_ONCE } from "./password.ts";

/** Delay after the first wrong password, in seconds. */
const UNIT = 1;
/** The longest delay, in units. */
export const LONGEST = 16;
/** Characters by which accounts differ: there are no longer names. */
const ACCOUNT_LENGTH = 64;

export interface Attempt {
  /** The peer's IP address; an IPv6 address counts as its network. */
  address: string;
  /** The account's name, which need not exist. */
  account: string;
  /** Aborted once the peer is gone. */
  signal: AbortSignal;
}

interface Waiting {
  address: string;
  account: string;
  start: () => void;
}

export class Guesses {
  readonly #unit: number;
  readonly #addresses: Charges;
  readonly #accounts: Charges;
  /** Oldest first. The caller bounds it: a connection has one attempt at a time. */
  readonly #waiting = new Set<Waiting>();
  /** Addresses with an attempt that is being evaluated, or whose answer is delayed. */
  readonly #busyAddresses = new Set<string>();
  /** Accounts with an attempt that is being evaluated. */
  readonly #busyAccounts = new Set<string>();
  #running = 0;

  /**
   * @param unit seconds of the shortest delay
   * @param now a clock in milliseconds
   */
  constructor(unit = UNIT, now = () => performance.now()) {
    this.#unit = unit;
    this.#addresses = new Charges(now);
    this.#accounts = new Charges(now);
  }

  /**
   * Returns the result of `evaluate`; undefined means that the password is wrong.
   *
   * @throws the reason of the signal if it is aborted before the evaluation; errors of `evaluate`
   */
  async attempt<T>(
    { signal, ...attempt }: Attempt,
    evaluate: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const address = networkOf(attempt.address);
    const account = attempt.account.slice(0, ACCOUNT_LENGTH);
    const takeBack = () => {
      this.#addresses.takeBack(address);
      this.#accounts.takeBack(account);
    };
    this.#addresses.charge(address);
    this.#accounts.charge(account);
    await this.#turn({ address, account }, signal).catch((error) => {
      takeBack();
      throw error;
    });
    let isWrong = false;
    try {
      const result = await evaluate();
      isWrong = result === undefined;
      if (!isWrong) return result;
    } finally {
      this.#running -= 1;
      this.#busyAccounts.delete(account);
      if (!isWrong) {
        takeBack();
        this.#busyAddresses.delete(address);
      }
      this.#startNext();
    }
    await this.#delay({ address, account }, signal);
    return undefined;
  }

  /** Waits until the attempt may be evaluated. */
  async #turn(attempt: { address: string; account: string }, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const waiting = { ...attempt, start };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiting);
      this.#startNext();
    });
  }

  #startNext(): void {
    while (this.#running < HASHES_AT_ONCE) {
      const next = this.#next();
      if (!next) return;
      this.#waiting.delete(next);
      this.#running += 1;
      this.#busyAddresses.add(next.address);
      this.#busyAccounts.add(next.account);
      next.start();
    }
  }

  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const each of this.#waiting) {
      if (this.#busyAddresses.has(each.address) || this.#busyAccounts.has(each.account)) continue;
      const charges = this.#addresses.count(each.address);
      if (charges <= fewest) [next, fewest] = [each, charges];
    }
    return next;
  }

  /** Keeps the address waiting; returns earlier if the peer is gone. */
  async #delay({ address, account }: { address: string; account: string }, signal: AbortSignal) {
    const count = Math.max(this.#addresses.count(address), this.#accounts.count(account), 1);
    const seconds = this.#unit * Math.min(2 ** (count - 1), LONGEST);
    await new Promise<void>((resolve) => {
      const answer = () => {
        signal.removeEventListener("abort", answer);
        resolve();
      };
      signal.addEventListener("abort", answer, { once: true });
      const timer = setTimeout(() => {
        this.#busyAddresses.delete(address);
        this.#startNext();
        answer();
      }, seconds * 1000);
      // need not keep a server alive that has closed
      timer.unref();
      if (signal.aborted) answer();
    });
  }
}
