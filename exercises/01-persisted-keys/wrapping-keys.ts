/**
 * The wrapping keys of the server: RSA pairs, each of which decrypts one message and is then
 * discarded.
 *
 * Generating one takes 0.1 to 1 s. So one is generated ahead, at most one at a time; the newest
 * waiting client is served first and the oldest is rejected when too many wait; an unused key goes
 * to the next client.
 */

import { Semaphore } from "../../lib/async/semaphore.ts";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { generateKeys, type OwnKeys } from "../../lib/crypto/keys.ts";
import { unwrapKey } from "../../lib/messages/hybrid-message.ts";
import { VERSION } from "./hello.ts";

/** Maximum number of clients that wait for a key. */
export const MAX_WAITING = 64;

export class WrappingKeys {
  readonly #semaphore = new Semaphore(1, MAX_WAITING);
  readonly #generate: () => Promise<OwnKeys>;
  #stock: WrappingKey[] = [];
  #makingAhead = false;

  /** @param generate replaced in tests */
  constructor(generate: () => Promise<OwnKeys> = generateKeys) {
    this.#generate = generate;
    this.#makeAhead();
  }

  /**
   * Calls `use` with a key, as soon as there is one.
   *
   * @throws Error when too many clients wait, and anything that `use` throws
   */
  async lend<T>(use: (key: WrappingKey) => Promise<T>): Promise<T> {
    const key = this.#stock.pop() ?? (await this.#semaphore.run(() => this.#take()));
    try {
      return await use(key);
    } finally {
      if (!key.used) this.#stock.push(key);
      this.#makeAhead();
    }
  }

  async #take(): Promise<WrappingKey> {
    // meanwhile another client may have returned its key unused
    return this.#stock.pop() ?? new WrappingKey(await this.#generate());
  }

  #makeAhead(): void {
    if (this.#makingAhead || this.#stock.length > 0) return;
    this.#makingAhead = true;
    const make = async () => {
      try {
        this.#stock.push(await this.#semaphore.run(() => this.#take()));
      } catch {
        // rejected: the next client that needs a key generates one
      } finally {
        this.#makingAhead = false;
      }
    };
    void make();
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
