/** The linear algebra modulo two that the quadratic sieve needs. */

/**
 * Yields sets of rows that together contain each number an even number of times.
 *
 * @param rows the numbers in each row, repeated as often as they occur
 */
export function* dependencies(rows: readonly (readonly number[])[]): Generator<number[]> {
  const width = Math.max(0, ...rows.flat()) + 1;
  const words = (width + 31) >>> 5;
  const all = words + ((rows.length + 31) >>> 5);
  // bits for the numbers first, then one bit for each row that was added
  const pivots = new Map<number, Uint32Array>();
  for (const [index, row] of rows.entries()) {
    const bits = new Uint32Array(all);
    for (const number of row) flip(bits, number);
    flip(bits, 32 * words + index);
    for (let word = 0; word < words; ) {
      const value = bits[word] ?? 0;
      if (value === 0) {
        word++;
        continue;
      }
      const column = 32 * word + 31 - Math.clz32(value);
      const pivot = pivots.get(column);
      if (!pivot) {
        pivots.set(column, bits);
        break;
      }
      for (let at = word; at < all; at++) bits[at] = (bits[at] ?? 0) ^ (pivot[at] ?? 0);
    }
    if (bits.subarray(0, words).every((word) => word === 0))
      yield rows.flatMap((_, other) => (isSet(bits, 32 * words + other) ? [other] : []));
  }
}

function flip(bits: Uint32Array, at: number): void {
  bits[at >>> 5] = ((bits[at >>> 5] ?? 0) ^ (1 << (at & 31))) >>> 0;
}

function isSet(bits: Uint32Array, at: number): boolean {
  return ((bits[at >>> 5] ?? 0) & (1 << (at & 31))) !== 0;
}
