/**
 * The server's wrapping keys: RSA pairs, each of which opens one message and is then forgotten.
 *
 * Making one takes 0.1 to 1 s. So one is made ahead, at most one is made at a time, the newest client that waits is served
 * first and the oldest turned away, and a key that has opened nothing serves the next client.
 */

import { Semaphore } from "../../lib/async/semaphore.ts";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { generateKeys, type OwnKeys } from "../../lib/crypto/keys.ts";
import { unwrapKey } from "../../lib/messages/hybrid-message.ts";
import { VERSION } from "./hello.ts";

/** Clients that wait for a key at most. */
export const MAX_WAITING = 64;

export class WrappingKeys {
  readonly #semaphore = new Semaphore(1, MAX_WAITING);
  readonly #generate: () => Promise<OwnKeys>;
  #stock: WrappingKey[] = [];
  #makingAhead = false;

  /** @param generate in place of chance, for tests */
  constructor(generate: () => Promise<OwnKeys> = generateKeys) {
    this.#generate = generate;
    this.#makeAhead();
  }

  /** Lets `use` have a key, as soon as there is one. @throws Error when too many wait, and whatever `use` throws */
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
    // while this client waited, another may have brought its key back
    return this.#stock.pop() ?? new WrappingKey(await this.#generate());
  }

  #makeAhead(): void {
    if (this.#makingAhead || this.#stock.length > 0) return;
    this.#makingAhead = true;
    const make = async () => {
      try {
        this.#stock.push(await this.#semaphore.run(() => this.#take()));
      } catch {
        // turned away: whoever needs a key will have one made
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

  /** Decrypts the client's Fernet key, once. @throws Error when it was wrapped for another key or session */
  async unwrap(wrappedKey: Bytes, session: Bytes): Promise<Bytes> {
    if (this.used) throw new TypeError("a wrapping key opens one message only");
    // whatever comes of it
    this.used = true;
    return unwrapKey(wrappedKey, this.#keys, session, VERSION);
  }
}
