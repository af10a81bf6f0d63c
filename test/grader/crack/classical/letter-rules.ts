/** Simple formulas by which programs turn letters into numbers. */

/**
 * Returns the formula that maps each letter to its symbol, or undefined if there is no simple one.
 */
export function ruleOf(pairs: Map<number, bigint>): string | undefined {
  const list = [...pairs].map(([letter, symbol]): [bigint, bigint] => [BigInt(letter), symbol]);
  const [first, second] = list;
  if (!first || !second) return undefined;
  const [m, c] = first;
  if (list.every(([letter, symbol]) => letter === symbol)) return "the letter itself";
  if (list.every(([letter, symbol]) => symbol - letter === c - m)) return `a shift by ${c - m}`;
  if (list.every(([letter, symbol]) => (letter ^ symbol) === (m ^ c))) return `XOR with ${m ^ c}`;
  if (m !== 0n && list.every(([letter, symbol]) => symbol * m === c * letter))
    return `multiplied by ${c}/${m}`;
  const [m2, c2] = second;
  const slope = m2 === m ? 0n : (c2 - c) / (m2 - m);
  if (slope !== 0n && list.every(([letter, symbol]) => symbol - c === slope * (letter - m)))
    return `${slope} times the letter, ${c - slope * m < 0n ? "minus" : "plus"} ${c - slope * m < 0n ? slope * m - c : c - slope * m}`;
  for (let factor = 1n; factor < 256n; factor += 2n) {
    const shift = (((c - factor * m) % 256n) + 256n) % 256n;
    if (list.every(([letter, symbol]) => (factor * letter + shift) % 256n === symbol))
      return `affine, ${factor} times the byte plus ${shift} modulo 256`;
  }
  for (let exponent = 2n; exponent <= 17n; exponent++) {
    if (list.every(([letter, symbol]) => letter ** exponent === symbol))
      return `its power ${exponent}, a root of which anyone can take`;
  }
  return undefined;
}
