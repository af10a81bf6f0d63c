/** Public keys in a structure that names them: DER, PEM, OpenSSH, JWK, XML. */
import { latin1, placesIn, type View } from "../capture/view.ts";
import { integerAt } from "../decode/numbers.ts";
import { type DerKey, derKeysIn } from "./der-keys.ts";
import { type FoundKey, formOf, rsaKey, sideOf } from "./found-key.ts";

export function derKeys(view: View): FoundKey[] {
  return derKeysIn(view.bytes).flatMap((key) => (key.kind === "public" ? [fromDer(view, key)] : []));
}

function fromDer(view: View, key: DerKey & { kind: "public" }): FoundKey {
  const where = placesIn(view, key.offset, key.end - key.offset);
  const common = { form: formOf(view, key.offset, key.form), certain: true, side: sideOf(where), where };
  if (key.rsa) {
    const modulus = integerAt(view, key.rsa.modulus.start, key.rsa.modulus.length, "big-endian");
    const exponent = integerAt(view, key.rsa.exponent.start, key.rsa.exponent.length, "big-endian");
    return { ...rsaKey(modulus, exponent), ...common };
  }
  const { start, length, bits } = key.point;
  return { algorithm: key.algorithm, bits, point: { view, offset: start, length }, ...common };
}

/** Finds `ssh-rsa` and `ssh-ed25519` keys: length-prefixed strings (RFC 4253 §6.6, RFC 8709). */
export function sshKeys(view: View): FoundKey[] {
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
    return exponent && modulus ? [{ ...rsaKey(modulus, exponent), ...common }] : [];
  });
}

/** Finds JWK, and XML as written by .NET. */
export function namedKeys(view: View): FoundKey[] {
  const text = latin1(view.bytes);
  const found: FoundKey[] = [];
  const take = (n: RegExpExecArray | null, e: RegExpExecArray | null, from: number, form: string) => {
    if (!n?.[1] || !e?.[1]) return;
    const field = (match: RegExpExecArray, digits: string) => {
      const offset = from + match.index + match[0].indexOf(digits, 3);
      return integerAt(view, offset, digits.length, form === "JWK" ? "base64url" : "base64");
    };
    const key = rsaKey(field(n, n[1]), field(e, e[1]));
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
