/** Diffie–Hellman with small numbers, whose shared secret an eavesdropper can compute. */
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Side } from "../../model/direction.ts";
import { discreteLog } from "../arithmetic/discrete-log.ts";
import { bitLength, fromBytes, isPrime, power, toBytes } from "../arithmetic/modular.ts";
import type { Budget } from "../capture/budget.ts";
import type { Place } from "../capture/capture.ts";
import { placesIn, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";
import { numbersIn } from "../decode/numbers.ts";
import { sideOf } from "../keys/found-key.ts";
import type { KeyCandidate } from "../keys/key-candidates.ts";

interface Sent {
  value: bigint;
  side: Side | undefined;
  where: Place[];
}

const MAX_BITS = 64;
const MAX_PRIMES = 6;
const MAX_PUBLIC = 8;
const USUAL_GENERATORS = [2n, 3n, 5n, 7n];
const MAX_SECRETS = 200;
const MAX_SPELLED = 100;
// a stream with more parts is a list of numbers, not of messages
const MAX_UNITS = 12;
const MAX_GROUP = 1n << 16n;

/**
 * Returns the secrets on which small captured numbers may agree, as keys to try. A key that opens a
 * message proves itself.
 *
 * @param constants numbers in the source, such as a prime that is never sent
 */
export function sharedSecrets(
  views: readonly View[],
  budget: Budget,
  constants: readonly bigint[] = [],
): KeyCandidate[] {
  const sent = smallNumbers(views);
  const values = [...new Set([...sent.map(({ value }) => value), ...constants])];
  const primes = values.filter((value) => value > 10n && isPrime(value)).slice(0, MAX_PRIMES);
  const secrets = new Map<string, KeyCandidate>();
  for (const prime of primes) {
    const generators = [
      ...new Set([...values.filter((value) => value > 1n && value < prime).slice(0, 6), ...USUAL_GENERATORS]),
    ];
    const publics = sent.filter(({ value }) => value > 1n && value < prime);
    const client = publics.filter(({ side }) => side !== "server").slice(0, MAX_PUBLIC);
    const server = publics.filter(({ side }) => side !== "client").slice(0, MAX_PUBLIC);
    for (const generator of generators) {
      if (generator >= prime) continue;
      for (const a of client) {
        if (a.value === generator || secrets.size >= MAX_SECRETS) continue;
        const exponent = discreteLog(generator, a.value, prime, budget);
        if (exponent === undefined) continue;
        for (const b of server) {
          if (b.value === generator || b === a) continue;
          const secret = power(b.value, exponent, prime);
          const how = `Diffie–Hellman modulo the prime ${prime} of ${bitLength(prime)} bits: the discrete logarithm of ${a.value} to the base ${generator} is ${exponent}, so the shared secret is ${secret}.`;
          for (const bytes of spellings(secret)) {
            const key = `${bytes}`;
            if (!secrets.has(key))
              secrets.set(key, { bytes, kind: "weak key", where: [...a.where, ...b.where], how });
          }
        }
      }
    }
  }
  return [...secrets.values()];
}

/**
 * Returns the captured primes and primes among `constants` of up to 16 bits, which allow few
 * secrets.
 */
export function smallGroups(views: readonly View[], constants: readonly bigint[]): bigint[] {
  const values = [...smallNumbers(views).map(({ value }) => value), ...constants];
  return [...new Set(values)].filter((value) => value > 2n && value < MAX_GROUP && isPrime(value));
}

/** Returns spelled numbers first, because a message of a few bytes may be anything. */
function smallNumbers(views: readonly View[]): Sent[] {
  const found: Sent[] = [];
  const add = (
    view: View,
    numbers: readonly { value: bigint; offset: number; length: number }[],
    limit: number,
  ) => {
    for (const { value, offset, length } of numbers) {
      if (bitLength(value) > MAX_BITS || value < 2n || found.length >= limit) continue;
      const where = placesIn(view, offset, length);
      found.push({ value, side: sideOf(where), where });
    }
  };
  const likely = views.filter(({ rare }) => !rare);
  for (const view of likely) add(view, numbersIn(view, 200), MAX_SPELLED);
  for (const view of likely.filter(({ starts }) => starts.length <= MAX_UNITS))
    add(view, shortUnits(view), found.length + MAX_UNITS);
  return found;
}

/** Returns messages of a few bytes as numbers in both byte orders. */
function shortUnits(view: View): { value: bigint; offset: number; length: number }[] {
  return units(view.bytes, view.starts).flatMap(({ at, bytes }) => {
    if (bytes.length > MAX_BITS / 8 || bytes.every((byte) => byte >= 0x30 && byte < 0x3a)) return [];
    const values = new Set([fromBytes(bytes), fromBytes(bytes.toReversed())]);
    return [...values].map((value) => ({ value, offset: at, length: bytes.length }));
  });
}

/**
 * Returns a number as the bytes of a key: in decimal, in hexadecimal, in fields, in both byte
 * orders.
 */
export function spellings(secret: bigint): Bytes[] {
  const short = toBytes(secret);
  const fixed = [2, 4, 8, 16, 32]
    .filter((length) => length > short.length)
    .map((length) => toBytes(secret, length));
  const both = [short, ...fixed].flatMap((bytes) => [bytes, bytes.toReversed()]);
  const filled = [16, 32].map((length) => encodeUtf8(String(secret).padStart(length, "0")));
  return [encodeUtf8(String(secret)), encodeUtf8(secret.toString(16)), ...both, ...filled];
}
