/**
 * The wrapping keys of the server: RSA pairs, each of which decrypts one message and is then
 * discarded.
 *
 * Generating one takes 0.1 to 1 s, so some are made ahead, and an unused key goes to the next
 * client. Addresses take turns. A client that has kept its key unused for `HOLD_SECONDS` is dropped
 * when clients of other addresses wait for one.
 */

import { FairQueue } from "../../lib/async/fair-queue.ts";
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
/** Seconds that a client may keep its key unused while others wait. */
export const HOLD_SECONDS = 2;

/** A client that needs a key. */
export interface Borrower {
  /** Its address. */
  source: string;
  connection: { readonly ended: boolean; destroy(error: Error): void };
}

interface Waiting {
  resolve: (key: WrappingKey) => void;
  reject: (error: Error) => void;
}

interface Loan extends Borrower {
  key: WrappingKey;
  state: "lent" | "overdue" | "called in";
}

export class WrappingKeys {
  readonly #generate: () => Promise<OwnKeys>;
  readonly #waiting = new FairQueue<Waiting>(MAX_WAITING);
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
    this.#waiting.know(source);
  }

  /**
   * Calls `use` with a key, as soon as there is one.
   *
   * @throws Error when too many clients wait or this one has gone, and anything that `use` throws
   */
  async lend<T>(borrower: Borrower, use: (key: WrappingKey) => Promise<T>): Promise<T> {
    const key = this.#stock.pop() ?? (await this.#wait(borrower.source));
    const loan: Loan = { ...borrower, key, state: "lent" };
    this.#loans.add(loan);
    const deadline = setTimeout(() => {
      loan.state = "overdue";
      this.#callIn();
    }, HOLD_SECONDS * 1000);
    this.#make();
    try {
      if (borrower.connection.ended) throw new Error("the peer has gone before its turn came");
      return await use(key);
    } finally {
      clearTimeout(deadline);
      this.#loans.delete(loan);
      if (key.used) this.#keys.delete(key);
      else this.#supply(key);
      this.#callIn();
      this.#make();
    }
  }

  #wait(source: string): Promise<WrappingKey> {
    return new Promise((resolve, reject) => {
      const displaced = this.#waiting.push(source, { resolve, reject });
      displaced?.reject(new Error("rejected: too many others from its address are waiting"));
      this.#callIn();
      this.#make();
    });
  }

  /** Drops a client that is overdue, if one of another address waits for its key. */
  #callIn(): void {
    const loans = [...this.#loans].filter(({ key }) => !key.used);
    if (this.#waiting.size <= loans.filter(({ state }) => state === "called in").length) return;
    const { sources } = this.#waiting;
    const loan = loans.find(
      ({ state, source }) => state === "overdue" && sources.some((other) => other !== source),
    );
    if (!loan) return;
    loan.state = "called in";
    loan.connection.destroy(new Error(`dropped: it has kept others waiting for ${HOLD_SECONDS} s`));
  }

  /** Passes an unused key on to the next client. */
  #supply(key: WrappingKey): void {
    const next = this.#waiting.shift();
    if (next) next.resolve(key);
    else this.#stock.push(key);
  }

  /** Makes keys, one after the other, while they are needed. */
  #make(): void {
    const unused = [...this.#keys].filter(({ used }) => !used).length;
    const isNeeded = this.#waiting.size > 0 || this.#stock.length < AHEAD;
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
        this.#waiting.shift()?.reject(error);
      },
    );
  }
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
