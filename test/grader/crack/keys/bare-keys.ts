/** RSA keys as bare numbers: pairs of spelled numbers, or the bytes of a modulus. */
import { bitLength } from "../arithmetic/modular.ts";
import { placesIn, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";
import { type Field, integerAt, numbersIn } from "../decode/numbers.ts";
import { type FoundKey, rsaKey, sideOf } from "./found-key.ts";
import { looksLikeModulus } from "./moduli.ts";

const MIN_CERTAIN_BITS = 256;
const MIN_BITS = 8;
// how many numbers may lie between an exponent and its modulus, plus one
const NEIGHBOURS = 2;
const CROWD = 12;
const NEAR = 100;
const USUAL_EXPONENTS = new Set([3n, 17n, 65537n]);
const RAW_LENGTHS = [64, 128, 192, 256, 384, 512];

/** Finds a modulus next to an exponent: `(n, e)`, `{"n": ..., "e": ...}`, two lines, a pickle. */
export function numberPairs(view: View): FoundKey[] {
  const all = numbersIn(view, 2000);
  // apart, because the bytes of a pickle may contain digits
  const pickled = all.filter(({ coding }) => coding === "little-endian");
  const spelled = all.filter(({ coding }) => coding !== "little-endian");
  return [...pairsAmong(view, pickled), ...pairsAmong(view, spelled)];
}

function pairsAmong(view: View, numbers: readonly Field[]): FoundKey[] {
  return numbers.flatMap((modulus, index): FoundKey[] => {
    const bits = bitLength(modulus.value);
    if (bits < MIN_BITS || modulus.value % 2n === 0n) return [];
    const near = numbers.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1);
    return near
      .flatMap((field) => readingsBeside(modulus, field))
      .flatMap((exponent): FoundKey[] => {
        const { value } = exponent;
        if (exponent === modulus || exponent.offset === modulus.offset) return [];
        if (value < 3n || value % 2n === 0n || value >= modulus.value) return [];
        const certain = bits >= MIN_CERTAIN_BITS && value < 1n << 32n && looksLikeModulus(modulus.value);
        if (!certain && bits >= MIN_CERTAIN_BITS) return [];
        const where = placesIn(view, modulus.offset, modulus.length);
        const crowd = numbers
          .slice(Math.max(0, index - CROWD), index + CROWD)
          .filter(({ offset }) => Math.abs(offset - modulus.offset) < NEAR).length;
        const form = [`${modulus.coding} numbers`, ...view.steps].join(" in ");
        return [{ ...rsaKey(modulus, exponent), form, certain, crowd, side: sideOf(where), where }];
      });
  });
}

/** Returns the readings of a number beside `modulus`: digits such as 10001 may be hexadecimal. */
function readingsBeside(modulus: Field, field: Field): Field[] {
  if (modulus.coding !== "hexadecimal" || field.coding !== "decimal") return [field];
  const other = integerAt(field.view, field.offset, field.length, "hexadecimal");
  if (bitLength(modulus.value) < MIN_CERTAIN_BITS) return [other, field];
  return [USUAL_EXPONENTS.has(field.value) ? field : other];
}

/** Finds the bytes of a modulus followed by the usual exponent. */
export function rawKeys(view: View): FoundKey[] {
  return units(view.bytes, view.starts.slice(0, 500)).flatMap(({ at, bytes }): FoundKey[] => {
    const length = RAW_LENGTHS.find((length) => length + 3 === bytes.length || length + 4 === bytes.length);
    if (length === undefined || view.starts.length > 500) return [];
    const modulus = integerAt(view, at, length, "big-endian");
    const exponent = integerAt(view, at + length, bytes.length - length, "big-endian");
    const isKey = exponent.value === 65537n && bitLength(modulus.value) === 8 * length;
    if (!isKey || !looksLikeModulus(modulus.value)) return [];
    const where = placesIn(view, at, bytes.length);
    const form = ["bytes of the modulus and the exponent", ...view.steps].join(" in ");
    return [{ ...rsaKey(modulus, exponent), form, certain: true, side: sideOf(where), where }];
  });
}
