/** Public and private keys in captured bytes, in whatever form they are sent. */
import type { Side } from "../../model/direction.ts";
import type { Place, Stream } from "../capture/capture.ts";
import { bitLength } from "../capture/modular.ts";
import { latin1, placesIn, type View } from "../capture/view.ts";
import { units } from "../decode/frames.ts";
import { type Field, integerAt, numbersIn } from "../decode/numbers.ts";
import { type DerKey, derKeysIn } from "./der-keys.ts";
import { looksLikeModulus } from "./moduli.ts";

export interface RsaKey {
  algorithm: "RSA";
  modulus: bigint;
  exponent: bigint;
  /** Of the modulus. */
  bits: number;
  fields: { modulus: Field; exponent: Field };
}

export interface CurveKey {
  /** `EC P-256`, `X25519`, `Ed25519`; `DSA` and `DH` are here too, their `bits` unknown. */
  algorithm: string;
  bits: number | undefined;
  /** The bytes that change from key to key. */
  point: { view: View; offset: number; length: number };
}

export type FoundKey = (RsaKey | CurveKey) & {
  /** `PEM "PUBLIC KEY"`, `DER, PKCS #1`, `decimal numbers in base64`... */
  form: string;
  /** A pair of small numbers may be a key or not; what it decrypts tells. */
  certain: boolean;
  /** How many other numbers are near: a key stands alone, a ciphertext is a long row. */
  crowd?: number;
  /** Who sent it; undefined for a file. */
  side: Side | undefined;
  where: Place[];
};

export interface FoundPrivateKey {
  algorithm: string;
  form: string;
  side: Side | undefined;
  where: Place[];
  /** For RSA. */
  numbers?: { modulus: bigint; exponent: bigint; privateExponent: bigint };
  /** The key itself is encrypted with a password. */
  encrypted: boolean;
}

const MIN_CERTAIN_BITS = 256;
const MIN_BITS = 8;
// an exponent is not far from its modulus
const NEIGHBOURS = 2;
const CROWD = 12;
const NEAR = 100;
const RAW_LENGTHS = [64, 128, 192, 256, 384, 512];

/**
 * Returns each public key in `views`, which are those of one stream, once.
 *
 * @param options uncertain: also pairs of small numbers that may be keys
 */
export function findKeys(views: readonly View[], options: { uncertain?: boolean } = {}): FoundKey[] {
  const found = new Map<string, FoundKey>();
  for (const view of views) {
    if (view.rare) continue;
    const all = [
      ...derKeys(view),
      ...sshKeys(view),
      ...namedKeys(view),
      ...numberPairs(view),
      ...rawKeys(view),
    ];
    for (const key of all) {
      if (!key.certain && !options.uncertain) continue;
      const identity = "modulus" in key ? `${key.modulus} ${key.exponent}` : pointOf(key);
      const place = JSON.stringify(key.where);
      const known = found.get(identity + place);
      if (!known) found.set(identity + place, key);
    }
  }
  return withoutOverlaps([...found.values()]);
}

/** Returns each private key in `views`, in PEM, DER or JWK. */
export function findPrivateKeys(views: readonly View[]): FoundPrivateKey[] {
  const found = new Map<string, FoundPrivateKey>();
  for (const view of views) {
    if (view.rare) continue;
    for (const key of derKeysIn(view.bytes)) {
      if (key.kind !== "private") continue;
      const { offset, end, algorithm, numbers, encrypted } = key;
      const where = placesIn(view, offset, end - offset);
      const form = formOf(view, offset, key.form);
      const entry = { algorithm, form, side: sideOf(where), where, encrypted, ...(numbers && { numbers }) };
      const identity = `${algorithm} ${numbers?.modulus ?? JSON.stringify(where)}`;
      if (!found.has(identity)) found.set(identity, entry);
    }
    const text = latin1(view.bytes);
    for (const match of text.matchAll(
      /-----BEGIN (OPENSSH|ENCRYPTED) PRIVATE KEY-----|"d"\s*:\s*"[A-Za-z0-9_-]{40,}"/g,
    )) {
      const where = placesIn(view, match.index, match[0].length);
      const encrypted = match[1] === "ENCRYPTED";
      const algorithm = match[1] === undefined ? "JWK" : "unknown";
      const form = match[1] === undefined ? "JWK" : `PEM "${match[1]} PRIVATE KEY"`;
      found.set(JSON.stringify(where), { algorithm, form, side: sideOf(where), where, encrypted });
    }
  }
  return [...found.values()];
}

function derKeys(view: View): FoundKey[] {
  return derKeysIn(view.bytes).flatMap((key) => (key.kind === "public" ? [fromDer(view, key)] : []));
}

function fromDer(view: View, key: DerKey & { kind: "public" }): FoundKey {
  const where = placesIn(view, key.offset, key.end - key.offset);
  const common = { form: formOf(view, key.offset, key.form), certain: true, side: sideOf(where), where };
  if (key.rsa) {
    const modulus = integerAt(view, key.rsa.modulus.start, key.rsa.modulus.length, "big-endian");
    const exponent = integerAt(view, key.rsa.exponent.start, key.rsa.exponent.length, "big-endian");
    return { ...rsa(modulus, exponent), ...common };
  }
  const { start, length, bits } = key.point;
  return { algorithm: key.algorithm, bits, point: { view, offset: start, length }, ...common };
}

function rsa(modulus: Field, exponent: Field): RsaKey {
  return {
    algorithm: "RSA",
    modulus: modulus.value,
    exponent: exponent.value,
    bits: bitLength(modulus.value),
    fields: { modulus, exponent },
  };
}

/** `ssh-rsa` and its kin (RFC 4253 §6.6, RFC 8709): strings, each behind its length. */
function sshKeys(view: View): FoundKey[] {
  const { bytes } = view;
  const text = latin1(bytes);
  return [...text.matchAll(/ssh-rsa\0|ssh-ed25519\0\0\0 /g)].flatMap((match): FoundKey[] => {
    const begin = match.index - 4;
    if (begin < 0) return [];
    const isRsa = match[0].includes("rsa");
    const strings: { at: number; length: number }[] = [];
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = begin; at + 4 <= bytes.length && strings.length < (isRsa ? 3 : 2); ) {
      const length = data.getUint32(at);
      strings.push({ at: at + 4, length });
      at += 4 + length;
    }
    const [, first, second] = strings;
    const last = second ?? first;
    if (!first || !last || (isRsa && !second) || last.at + last.length > bytes.length) return [];
    const where = placesIn(view, begin, last.at + last.length - begin);
    const common = {
      form: formOf(view, begin, "OpenSSH"),
      certain: true,
      side: sideOf(where),
      where,
    };
    if (!isRsa)
      return [
        {
          algorithm: "Ed25519",
          bits: 256,
          point: { view, offset: first.at, length: first.length },
          ...common,
        },
      ];
    const [exponent, modulus] = [first, last].map(({ at, length }) =>
      integerAt(view, at, length, "big-endian"),
    );
    return exponent && modulus ? [{ ...rsa(modulus, exponent), ...common }] : [];
  });
}

/** JWK, and XML as .NET writes it. */
function namedKeys(view: View): FoundKey[] {
  const text = latin1(view.bytes);
  const found: FoundKey[] = [];
  const take = (n: RegExpExecArray | null, e: RegExpExecArray | null, from: number, form: string) => {
    if (!n?.[1] || !e?.[1]) return;
    const field = (match: RegExpExecArray, digits: string) => {
      const offset = from + match.index + match[0].indexOf(digits, 3);
      return integerAt(view, offset, digits.length, form === "JWK" ? "base64url" : "base64");
    };
    const key = rsa(field(n, n[1]), field(e, e[1]));
    if (key.bits < 64 || key.modulus % 2n === 0n) return;
    const where = placesIn(view, key.fields.modulus.offset, key.fields.modulus.length);
    found.push({ ...key, form, certain: true, side: sideOf(where), where });
  };
  for (const match of text.matchAll(/\{[^{}]{0,20000}"kty"[^{}]{0,20000}\}/g)) {
    const n = /"n"\s*:\s*"([A-Za-z0-9_-]+)"/.exec(match[0]);
    take(n, /"e"\s*:\s*"([A-Za-z0-9_-]+)"/.exec(match[0]), match.index, "JWK");
  }
  for (const match of text.matchAll(/<RSAKeyValue>[\s\S]{0,20000}?<\/RSAKeyValue>/g)) {
    const n = /<Modulus>([A-Za-z0-9+/=]+)</.exec(match[0]);
    take(n, /<Exponent>([A-Za-z0-9+/=]+)</.exec(match[0]), match.index, "XML");
  }
  return found;
}

/** A large number and, next to it, an exponent: `(n, e)`, `{"n": ..., "e": ...}`, two lines, a pickle. */
function numberPairs(view: View): FoundKey[] {
  const all = numbersIn(view, 2000);
  // digits that happen to be in a pickle would stand between
  const pickled = all.filter(({ coding }) => coding === "little-endian");
  const spelled = all.filter(({ coding }) => coding !== "little-endian");
  return [...pairsAmong(view, pickled), ...pairsAmong(view, spelled)];
}

function pairsAmong(view: View, numbers: readonly Field[]): FoundKey[] {
  return numbers.flatMap((modulus, index): FoundKey[] => {
    const bits = bitLength(modulus.value);
    if (bits < MIN_BITS || modulus.value % 2n === 0n) return [];
    const near = numbers.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1);
    return near.flatMap((exponent): FoundKey[] => {
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
      return [{ ...rsa(modulus, exponent), form, certain, crowd, side: sideOf(where), where }];
    });
  });
}

/** The modulus as bytes, and behind it the usual exponent. */
function rawKeys(view: View): FoundKey[] {
  return units(view.bytes, view.starts.slice(0, 500)).flatMap(({ at, bytes }): FoundKey[] => {
    const length = RAW_LENGTHS.find((length) => length + 3 === bytes.length || length + 4 === bytes.length);
    if (length === undefined || view.starts.length > 500) return [];
    const modulus = integerAt(view, at, length, "big-endian");
    const exponent = integerAt(view, at + length, bytes.length - length, "big-endian");
    const isKey = exponent.value === 65537n && bitLength(modulus.value) === 8 * length;
    if (!isKey || !looksLikeModulus(modulus.value)) return [];
    const where = placesIn(view, at, bytes.length);
    const form = ["bytes of the modulus and the exponent", ...view.steps].join(" in ");
    return [{ ...rsa(modulus, exponent), form, certain: true, side: sideOf(where), where }];
  });
}

function pointOf(key: CurveKey): string {
  const { view, offset, length } = key.point;
  return `${key.algorithm} ${latin1(view.bytes.subarray(offset, offset + length))}`;
}

/** Who sent what is at `where`. */
export function sideOf(where: readonly Place[]): Side | undefined {
  const [place] = where;
  if (!place || "file" in place) return undefined;
  return place.direction === "client to server" ? "client" : "server";
}

/** Names the form: by the label of PEM where there is one. */
function formOf(view: View, offset: number, form: string): string {
  if (view.steps.at(-1)?.startsWith("base64") && view.decoded) {
    const [place] = placesIn(view, offset, 1);
    const before = latin1(view.stream.bytes.subarray(0, streamOffset(view.stream, place)));
    const label = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*$/.exec(before.slice(-6000));
    if (label) return [`PEM "${label[1]}"`, ...view.steps.slice(0, -1)].join(" in ");
  }
  return [form, ...view.steps].join(" in ");
}

function streamOffset(stream: Stream, place: Place | undefined): number {
  const part = stream.parts.find(({ place: other }) => place && isWithin(place, other));
  return part && place ? part.at + place.offset - part.place.offset : 0;
}

function isWithin(inner: Place, outer: Place): boolean {
  if ("file" in inner || "file" in outer)
    return "file" in inner && "file" in outer && inner.file === outer.file;
  const isSame = inner.connection === outer.connection && inner.direction === outer.direction;
  return isSame && inner.offset >= outer.offset && inner.offset < outer.offset + outer.length;
}

/** The same modulus may be read as a number in an encoded structure, and as that structure: the structure counts. */
function withoutOverlaps(keys: FoundKey[]): FoundKey[] {
  const seen = new Set<string>();
  return keys.filter((key) => {
    if (!("modulus" in key)) return true;
    const [place] = key.where;
    const identity = `${key.modulus} ${key.exponent} ${key.side} ${place && "connection" in place ? place.connection : ""} ${Math.floor((place?.offset ?? 0) / 64)}`;
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}
