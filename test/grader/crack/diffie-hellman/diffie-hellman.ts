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
  /** Written out, not a message of a few bytes, which may be anything. */
  isSpelled: boolean;
}

/** A secret on which the two sides of a session may have agreed. */
export interface SharedSecret {
  secret: bigint;
  where: Place[];
  /** One sentence: how it is computed. */
  how: string;
}

const MAX_BITS = 64;
const MAX_PRIMES = 6;
const MAX_PUBLIC = 8;
const MAX_GENERATORS = 8;
const USUAL_GENERATORS = [2n, 3n, 5n, 7n];
const MAX_SECRETS = 40;
const MAX_SPELLED = 100;
/** Numbers between a prime and its generator, plus one. */
const NEIGHBOURS = 2;
/** Bits by which a public value may be shorter than the prime. */
const SLACK = 12;
// a stream with more parts is a list of numbers, not of messages
const MAX_UNITS = 12;
const MAX_GROUP = 1n << 16n;

/**
 * Returns the secrets on which the small numbers of one session may agree, the likeliest first. A
 * key made from one that opens a message proves itself.
 *
 * @param constants numbers in the source in their order, such as a prime that is never sent
 */
export function sharedSecrets(
  views: readonly View[],
  budget: Budget,
  constants: readonly bigint[] = [],
): SharedSecret[] {
  const sent = smallNumbers(views);
  const secrets = new Map<bigint, SharedSecret>();
  for (const prime of primesIn(sent, constants)) {
    const logarithms = new Map<string, bigint | undefined>();
    for (const { generator, a, b } of guesses(prime, sent, constants)) {
      if (secrets.size >= MAX_SECRETS) return [...secrets.values()];
      const key = `${generator} ${a.value}`;
      if (!logarithms.has(key)) logarithms.set(key, discreteLog(generator, a.value, prime, budget));
      const exponent = logarithms.get(key);
      if (exponent === undefined) continue;
      const secret = power(b.value, exponent, prime);
      if (secrets.has(secret)) continue;
      secrets.set(secret, {
        secret,
        where: [...a.where, ...b.where],
        how: `Diffie–Hellman modulo the prime ${prime} of ${bitLength(prime)} bits: the discrete logarithm of ${a.value} to the base ${generator} is ${exponent}, so the shared secret is ${secret}.`,
      });
    }
  }
  return [...secrets.values()];
}

/** Returns secrets as keys to try, in each spelling. */
export function keysFrom(secrets: readonly SharedSecret[]): KeyCandidate[] {
  return secrets.flatMap(({ secret, where, how }) =>
    spellings(secret).map((bytes): KeyCandidate => ({ bytes, kind: "weak key", where, how })),
  );
}

/** Returns the primes, first those that are spelled or in the source, and large ones first. */
function primesIn(sent: readonly Sent[], constants: readonly bigint[]): bigint[] {
  const likely = new Set(sent.filter(({ isSpelled }) => isSpelled).map(({ value }) => value));
  for (const constant of constants) likely.add(constant);
  const isLikely = (value: bigint) => Number(likely.has(value));
  return [...new Set([...sent.map(({ value }) => value), ...constants])]
    .filter((value) => value > 10n && bitLength(value) <= MAX_BITS && isPrime(value))
    .toSorted((a, b) => isLikely(b) - isLikely(a) || (a < b ? 1 : -1))
    .slice(0, MAX_PRIMES);
}

/** Returns a generator and two public values at a time, the likeliest first. */
function guesses(
  prime: bigint,
  sent: readonly Sent[],
  constants: readonly bigint[],
): { generator: bigint; a: Sent; b: Sent }[] {
  const generators = generatorsOf(prime, sent, constants);
  const isFixed = new Set(constants);
  const isUnlikely = ({ value }: Sent) =>
    Number(isFixed.has(value) || bitLength(value) < bitLength(prime) - SLACK);
  const publics = sent
    .filter(({ value }) => value > 1n && value < prime)
    .toSorted((a, b) => isUnlikely(a) - isUnlikely(b));
  const of = (side: Side) => distinct(publics.filter((number) => number.side !== side)).slice(0, MAX_PUBLIC);
  const [client, server] = [of("server"), of("client")];
  return generators
    .flatMap((generator, index) =>
      client.flatMap((a, first) =>
        server.flatMap((b, second) =>
          a.value === generator || b.value === generator || a === b
            ? []
            : [{ generator, a, b, rank: index + first + second }],
        ),
      ),
    )
    .toSorted((a, b) => a.rank - b.rank);
}

/** Returns the numbers next to the prime, on the wire or in the source, then the usual ones. */
function generatorsOf(prime: bigint, sent: readonly Sent[], constants: readonly bigint[]): bigint[] {
  const values = sent.map(({ value }) => value);
  const beside = [...besides(values, prime), ...besides(constants, prime)];
  const all = new Set([...beside, ...USUAL_GENERATORS, ...values]);
  return [...all].filter((value) => value > 1n && value < prime).slice(0, MAX_GENERATORS);
}

function besides(values: readonly bigint[], prime: bigint): bigint[] {
  const at = values.indexOf(prime);
  if (at === -1) return [];
  return [
    ...values.slice(at + 1, at + 1 + NEIGHBOURS),
    ...values.slice(Math.max(0, at - NEIGHBOURS), at).toReversed(),
  ];
}

function distinct(numbers: readonly Sent[]): Sent[] {
  const seen = new Set<bigint>();
  return numbers.filter(({ value }) => !seen.has(value) && seen.add(value));
}

/**
 * Returns the captured primes and primes among `constants` of up to 16 bits, which allow few
 * secrets.
 */
export function smallGroups(views: readonly View[], constants: readonly bigint[]): bigint[] {
  const values = [...smallNumbers(views).map(({ value }) => value), ...constants];
  return [...new Set(values)].filter((value) => value > 2n && value < MAX_GROUP && isPrime(value));
}

/** Returns the numbers of one session, the spelled ones first. */
function smallNumbers(views: readonly View[]): Sent[] {
  const found: Sent[] = [];
  const add = (
    view: View,
    numbers: readonly { value: bigint; offset: number; length: number }[],
    limit: number,
    isSpelled: boolean,
  ) => {
    for (const { value, offset, length } of numbers) {
      if (bitLength(value) > MAX_BITS || value < 2n || found.length >= limit) continue;
      const where = placesIn(view, offset, length);
      found.push({ value, side: sideOf(where), where, isSpelled });
    }
  };
  const likely = views.filter(({ rare }) => !rare);
  for (const view of likely) add(view, numbersIn(view, 200), MAX_SPELLED, true);
  for (const view of likely.filter(({ starts }) => starts.length <= MAX_UNITS))
    add(view, shortUnits(view), found.length + MAX_UNITS, false);
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
