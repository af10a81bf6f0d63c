/**
 * The wrapping keys of the server: RSA pairs, each of which decrypts one message and is then
 * discarded.
 *
 * Generating one takes 0.1 to 1 s, so some are made ahead, and an unused key goes to the next
 * client. Addresses take turns. A client that has let the server wait for its request for
 * `HOLD_SECONDS` is dropped when clients of other addresses wait for its key.
 */

import { setImmediate } from "node:timers";
import { withDeadline } from "../../lib/async/deadline.ts";
import { type Connection, checkPresence, Line } from "../../lib/async/line.ts";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { generateKeys, type OwnKeys } from "../../lib/crypto/keys.ts";
import { unwrapKey } from "../../lib/messages/hybrid-message.ts";
import { VERSION } from "./hello.ts";

/** Maximum number of clients of one address that wait for a key. */
export const MAX_WAITING = 64;
/** Maximum number of unused keys. */
export const MAX_KEYS = 64;
/** Number of keys that are made ahead. */
export const AHEAD = 4;
/** Seconds that a client may take to use its key while others wait. */
export const HOLD_SECONDS = 2;

/** A client that needs a key. */
export interface Borrower {
  /** Its address. */
  source: string;
  /** Such as its socket. */
  connection: Connection & { destroy(error: Error): void };
}

interface Loan extends Borrower {
  key: WrappingKey;
  /** "lent" while the server is at work, "awaited" while the client is. */
  state: "lent" | "awaited" | "overdue" | "called in";
}

/** Waits for the request of a client. */
type Awaiting = <T>(request: Promise<T>) => Promise<T>;

export class WrappingKeys {
  readonly #generate: () => Promise<OwnKeys>;
  readonly #line = new Line<WrappingKey>(MAX_WAITING);
  // in stock or lent
  readonly #keys = new Set<WrappingKey>();
  // empty while clients wait
  readonly #stock: WrappingKey[] = [];
  // the oldest first
  readonly #loans = new Set<Loan>();
  #isMaking = false;

  /** @param generate replaced in tests */
  constructor(generate: () => Promise<OwnKeys> = generateKeys) {
    this.#generate = generate;
    this.#make();
  }

  /** Gives the clients of `source` every other turn with those of other known sources. */
  know(source: string): void {
    this.#line.know(source);
  }

  /**
   * Calls `use` with a key, as soon as there is one.
   *
   * @param use returns the result of `awaiting(request)` for the request that uses the key, once
   *   the client has all that it needs for it; only then does its time start
   * @throws Error when too many clients wait or this one has gone, and anything that `use` throws
   */
  async lend<T>(borrower: Borrower, use: (key: WrappingKey, awaiting: Awaiting) => Promise<T>): Promise<T> {
    const { source, connection } = borrower;
    const key = this.#stock.pop() ?? (await this.#wait(source, connection));
    const loan: Loan = { ...borrower, key, state: "lent" };
    this.#loans.add(loan);
    this.#make();
    try {
      checkPresence(connection);
      return await use(key, (request) => this.#await(loan, request));
    } finally {
      this.#loans.delete(loan);
      if (key.used) this.#keys.delete(key);
      else this.#supply(key);
      this.#callIn();
      this.#make();
    }
  }

  #wait(source: string, connection: Connection): Promise<WrappingKey> {
    const key = this.#line.wait(source, connection);
    this.#callIn();
    this.#make();
    return key;
  }

  /** Returns the outcome of `request`, and makes `loan` overdue when that takes too long. */
  async #await<T>(loan: Loan, request: Promise<T>): Promise<T> {
    loan.state = "awaited";
    // a busy server may notice that the time is over before it reads what has come in time
    const onLate = () => setImmediate(() => this.#onLate(loan));
    try {
      return await withDeadline(request, HOLD_SECONDS, onLate);
    } finally {
      if (!isCalledIn(loan)) loan.state = "lent";
    }
  }

  #onLate(loan: Loan): void {
    if (loan.state !== "awaited") return;
    loan.state = "overdue";
    this.#callIn();
  }

  /** Drops a client that is overdue, if one of another address waits for its key. */
  #callIn(): void {
    const loans = [...this.#loans].filter(({ key }) => !key.used);
    if (this.#line.size <= loans.filter(isCalledIn).length) return;
    const { sources } = this.#line;
    const loan = loans.find(
      ({ state, source }) => state === "overdue" && sources.some((other) => other !== source),
    );
    if (!loan) return;
    loan.state = "called in";
    loan.connection.destroy(new Error(`dropped: it has kept others waiting for ${HOLD_SECONDS} s`));
  }

  /** Passes an unused key on to the next client. */
  #supply(key: WrappingKey): void {
    if (!this.#line.serve(key)) this.#stock.push(key);
  }

  /** Makes keys, one after the other, while they are needed. */
  #make(): void {
    const unused = [...this.#keys].filter(({ used }) => !used).length;
    const isNeeded = this.#line.size > 0 || this.#stock.length < AHEAD;
    if (this.#isMaking || !isNeeded || unused >= MAX_KEYS) return;
    this.#isMaking = true;
    this.#generate().then(
      (keys) => {
        this.#isMaking = false;
        const key = new WrappingKey(keys);
        this.#keys.add(key);
        this.#supply(key);
        this.#make();
      },
      (error) => {
        this.#isMaking = false;
        this.#line.fail(error);
      },
    );
  }
}

function isCalledIn({ state }: Loan): boolean {
  return state === "called in";
}

/** An RSA pair that unwraps one Fernet key. */
export class WrappingKey {
  readonly spki: Bytes;
  used = false;
  readonly #keys: OwnKeys;

  constructor(keys: OwnKeys) {
    this.#keys = keys;
    this.spki = keys.spki;
  }

  /**
   * Decrypts the Fernet key of the client, once.
   *
   * @throws Error when it was wrapped for another key or session
   */
  async unwrap(wrappedKey: Bytes, session: Bytes): Promise<Bytes> {
    if (this.used) throw new TypeError("a wrapping key opens one message only");
    // even if decryption fails
    this.used = true;
    return unwrapKey(wrappedKey, this.#keys, session, VERSION);
  }
}
