/** Numbers that may be the modulus of an RSA key whose exponent was not sent. */
import { bitLength, fromBytes, isPrime, SMALL_PRIMES } from "../arithmetic/modular.ts";
import { placesIn, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";
import { numbersIn } from "../decode/numbers.ts";

const MIN_BITS = 64;
const MAX_BITS = 4096;
/** Widths in bytes of the fields in which programs send numbers. */
const WIDTHS = [8, 16, 32, 64, 128, 256, 512];
const MAX_MODULI = 8;
/** One key per session is enough. */
const MAX_EACH = 3;

/**
 * Returns the moduli in the order in which they were sent, because a key precedes its ciphertexts.
 */
export function moduliIn(views: readonly View[]): bigint[] {
  const found = new Map<bigint, { offset: number; session: number; sender: string }>();
  for (const view of views) {
    if (view.rare) continue;
    for (const { value, offset, length } of candidates(view)) {
      const bits = bitLength(value);
      if (bits < MIN_BITS || bits > MAX_BITS || found.has(value) || !looksLikeModulus(value)) continue;
      const [place] = placesIn(view, offset, length);
      if (!place) continue;
      const sender = "file" in place ? place.file : `${place.connection} ${place.direction}`;
      found.set(value, { offset: place.offset, session: place.session, sender });
    }
  }
  const counts = new Map<string, number>();
  return [...found]
    .toSorted(([, a], [, b]) => a.session - b.session || a.offset - b.offset)
    .filter(([, { session, sender }]) => {
      const count = (counts.get(`${session} ${sender}`) ?? 0) + 1;
      counts.set(`${session} ${sender}`, count);
      return count <= MAX_EACH;
    })
    .map(([value]) => value)
    .slice(0, MAX_MODULI);
}

/** Rules out random numbers, which have small factors, and Diffie–Hellman primes. */
export function looksLikeModulus(value: bigint): boolean {
  return value % 2n === 1n && SMALL_PRIMES.every((prime) => value % prime !== 0n) && !isPrime(value);
}

/** Yields spelled numbers, and messages and fields at their ends in both byte orders. */
function* candidates(view: View): Generator<{ value: bigint; offset: number; length: number }> {
  for (const { value, offset, length } of numbersIn(view, 200)) yield { value, offset, length };
  for (const { at, bytes } of units(view.bytes, view.starts.slice(0, 50))) {
    // printable messages were read as spelled numbers
    if (bytes.every((byte) => byte >= 0x09 && byte < 0x7f)) continue;
    const fields = [
      { from: 0, length: bytes.length },
      ...WIDTHS.filter((width) => width < bytes.length).flatMap((length) => [
        { from: 0, length },
        { from: bytes.length - length, length },
      ]),
    ];
    for (const { from, length } of fields) {
      if (length < MIN_BITS / 8 || length > MAX_BITS / 8 + 1) continue;
      const field = bytes.subarray(from, from + length);
      // a modulus is odd
      if ((field.at(-1) ?? 0) % 2 === 1) yield { value: fromBytes(field), offset: at + from, length };
      if ((field[0] ?? 0) % 2 === 1)
        yield { value: fromBytes(field.toReversed()), offset: at + from, length };
    }
  }
}
