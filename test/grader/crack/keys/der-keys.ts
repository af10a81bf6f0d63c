/**
 * Keys in DER: SubjectPublicKeyInfo (RFC 5280), PKCS #1 (RFC 8017) and #8 (RFC 5958), SEC 1 (RFC
 * 5915).
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes } from "../arithmetic/modular.ts";
import {
  BIT_STRING,
  contentsOf,
  type Element,
  INTEGER,
  isNatural,
  OBJECT_IDENTIFIER,
  OCTET_STRING,
  readChildren,
  readElement,
  SEQUENCE,
} from "./der.ts";

interface Range {
  start: number;
  length: number;
}

export type DerKey = { offset: number; end: number; form: string; algorithm: string } & (
  | { kind: "public"; rsa: { modulus: Range; exponent: Range } }
  | { kind: "public"; rsa?: undefined; point: Range & { bits: number | undefined } }
  | {
      kind: "private";
      encrypted: boolean;
      numbers: { modulus: bigint; exponent: bigint; privateExponent: bigint } | undefined;
    }
);

const RSA = ["2a864886f70d010101", "2a864886f70d010107", "2a864886f70d01010a"];
const ALGORITHMS: Record<string, string> = {
  "2a8648ce3d0201": "EC",
  "2b656e": "X25519",
  "2b656f": "X448",
  "2b6570": "Ed25519",
  "2b6571": "Ed448",
  "2a8648ce380401": "DSA",
  "2a864886f70d010301": "DH",
  "2a8648ce3e0201": "DH",
  ...Object.fromEntries(RSA.map((identifier) => [identifier, "RSA"])),
};
const CURVES: Record<string, [name: string, bits: number]> = {
  "2a8648ce3d030107": ["P-256", 256],
  "2b81040022": ["P-384", 384],
  "2b81040023": ["P-521", 521],
  "2b8104000a": ["secp256k1", 256],
  "2b81040021": ["P-224", 224],
  "2a8648ce3d030101": ["P-192", 192],
};
const PBES2 = "2a864886f70d01050d";
const MIN_MODULUS_BITS = 64;
const MAX_EXPONENT_BITS = 64;

/** Returns all keys in `bytes`, in order, without those nested in another one. */
export function derKeysIn(bytes: Bytes): DerKey[] {
  const found: DerKey[] = [];
  for (let at = bytes.indexOf(SEQUENCE); at !== -1; at = bytes.indexOf(SEQUENCE, at)) {
    const outer = readElement(bytes, at);
    const children = outer && outer.end - outer.start >= 10 ? readChildren(bytes, outer) : undefined;
    const key = outer && children && read(bytes, at, outer.end, children);
    if (key) found.push(key);
    at = key ? key.end : at + 1;
  }
  return found;
}

function read(bytes: Bytes, offset: number, end: number, children: Element[]): DerKey | undefined {
  return (
    publicKey(bytes, offset, end, children) ??
    rsaPublicKey(bytes, offset, end, children) ??
    privateKey(bytes, offset, end, children)
  );
}

function publicKey(bytes: Bytes, offset: number, end: number, children: Element[]): DerKey | undefined {
  const [head, body] = children;
  if (children.length !== 2 || !head || body?.tag !== BIT_STRING || bytes[body.start] !== 0) return undefined;
  const identifier = algorithmOf(bytes, head);
  if (!identifier?.name) return undefined;
  const common = { offset, end, form: "DER, SubjectPublicKeyInfo", kind: "public" } as const;
  if (identifier.name === "RSA") {
    const inner = readElement(bytes, body.start + 1, body.end);
    const numbers = inner?.tag === SEQUENCE ? readChildren(bytes, inner) : undefined;
    const rsa = numbers && rsaNumbers(bytes, numbers);
    return rsa && { ...common, algorithm: "RSA", rsa };
  }
  const curve = CURVES[identifier.parameters];
  const name = curve ? `${identifier.name} ${curve[0]}` : identifier.name;
  const length = body.end - body.start - 1;
  const bits = curve?.[1] ?? (/^(X|Ed)25519$/.test(name) ? 256 : undefined);
  return { ...common, algorithm: name, point: { start: body.start + 1, length, bits } };
}

function rsaPublicKey(bytes: Bytes, offset: number, end: number, children: Element[]): DerKey | undefined {
  const rsa = children.length === 2 ? rsaNumbers(bytes, children) : undefined;
  return rsa && { offset, end, form: "DER, PKCS #1", algorithm: "RSA", kind: "public", rsa };
}

function rsaNumbers(
  bytes: Bytes,
  [n, e, ...rest]: Element[],
): { modulus: Range; exponent: Range } | undefined {
  if (!n || !e || rest.length > 0 || !isNatural(bytes, n) || !isNatural(bytes, e)) return undefined;
  const modulus = fromBytes(bytes.subarray(n.start, n.end));
  const exponent = fromBytes(bytes.subarray(e.start, e.end));
  const isPlausible = bitLength(modulus) >= MIN_MODULUS_BITS && modulus % 2n === 1n;
  // two numbers of similar size are an ECDSA or DSA signature
  if (!isPlausible || exponent === 0n || bitLength(exponent) > MAX_EXPONENT_BITS || exponent >= modulus >> 8n)
    return undefined;
  const range = ({ start, end }: Element) => ({ start, length: end - start });
  return { modulus: range(n), exponent: range(e) };
}

function privateKey(bytes: Bytes, offset: number, end: number, children: Element[]): DerKey | undefined {
  const [version, second, third] = children;
  const common = { offset, end, kind: "private", encrypted: false } as const;
  const head = version && algorithmOf(bytes, version);
  if (children.length === 2 && head?.identifier === PBES2 && second?.tag === OCTET_STRING)
    return { ...common, form: "DER, PKCS #8", algorithm: "unknown", encrypted: true, numbers: undefined };
  if (version?.tag !== INTEGER || !second || version.end - version.start !== 1) return undefined;
  if (children.length === 9 && children.every((child) => isNatural(bytes, child))) {
    const [, n, e, d, p, q] = children.map(({ start, end }) => fromBytes(bytes.subarray(start, end)));
    if (!n || !e || !d || !p || !q || p * q !== n) return undefined;
    const numbers = { modulus: n, exponent: e, privateExponent: d };
    return { ...common, form: "DER, PKCS #1", algorithm: "RSA", numbers };
  }
  const identifier = algorithmOf(bytes, second);
  if (identifier?.name && third?.tag === OCTET_STRING) {
    const [inner] = identifier.name === "RSA" ? derKeysIn(bytes.slice(third.start, third.end)) : [];
    const numbers = inner?.kind === "private" ? inner.numbers : undefined;
    // damaged, such as by a decoding that is not the sender's
    if (identifier.name === "RSA" && numbers === undefined) return undefined;
    const curve = CURVES[identifier.parameters];
    const algorithm = curve ? `${identifier.name} ${curve[0]}` : identifier.name;
    return { ...common, form: "DER, PKCS #8", algorithm, numbers };
  }
  const curve = third?.tag === 0xa0 ? CURVES[contentsOf(bytes, third).slice(4)] : undefined;
  if (second.tag === OCTET_STRING && curve)
    return { ...common, form: "DER, SEC 1", algorithm: `EC ${curve[0]}`, numbers: undefined };
  return undefined;
}

function algorithmOf(
  bytes: Bytes,
  head: Element,
): { identifier: string; name: string | undefined; parameters: string } | undefined {
  const [object, parameters] = head.tag === SEQUENCE ? (readChildren(bytes, head) ?? []) : [];
  if (object?.tag !== OBJECT_IDENTIFIER) return undefined;
  const identifier = contentsOf(bytes, object);
  const name = ALGORITHMS[identifier];
  if (!name && identifier !== PBES2) return undefined;
  return {
    identifier,
    name,
    parameters: parameters?.tag === OBJECT_IDENTIFIER ? contentsOf(bytes, parameters) : "",
  };
}
