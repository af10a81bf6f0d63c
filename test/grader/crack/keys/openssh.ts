/** Private keys of OpenSSH (its PROTOCOL.key), proved by their own public half. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { fromBytes } from "../arithmetic/modular.ts";
import { latin1 } from "../capture/view.ts";
import { isPair, isRsaPair, type RsaPrivateNumbers } from "./jwk.ts";

export interface OpensshKey {
  at: number;
  length: number;
  algorithm: string;
  encrypted: boolean;
  numbers: RsaPrivateNumbers | undefined;
}

const MAGIC = "openssh-key-v1\0";
const PEM = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/g;
const CURVES: Record<string, string> = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" };

/** Returns the keys in `bytes`, in PEM; those whose halves do not fit are none. */
export function opensshKeysIn(bytes: Bytes): OpensshKey[] {
  // its lines of 70 characters cannot be decoded one by one
  return [...latin1(bytes).matchAll(PEM)].flatMap(({ 0: whole, 1: body = "", index }) => {
    const key = readKey(new Uint8Array(Buffer.from(body, "base64")));
    return key ? [{ ...key, at: index, length: whole.length }] : [];
  });
}

function readKey(bytes: Bytes): Omit<OpensshKey, "at" | "length"> | undefined {
  if (latin1(bytes.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const file = new Fields(bytes, MAGIC.length);
  const cipher = latin1(file.next());
  file.next();
  file.next();
  file.skip(4);
  const algorithm = latin1(new Fields(file.next(), 0).next());
  const section = file.next();
  if (section.length === 0 || file.isShort) return undefined;
  if (cipher !== "none") return { algorithm, encrypted: true, numbers: undefined };
  // behind two equal numbers of four bytes, by which a password would be checked
  const own = new Fields(section, 8);
  if (latin1(own.next()) !== algorithm) return undefined;
  const numbers = algorithm === "ssh-rsa" ? rsaNumbers(own) : undefined;
  const isSound = numbers ? isRsaPair(numbers) : isCurvePair(algorithm, own);
  return isSound ? { algorithm, encrypted: false, numbers } : undefined;
}

function rsaNumbers(own: Fields): RsaPrivateNumbers {
  const [modulus, exponent, privateExponent] = [own.next(), own.next(), own.next()].map(fromBytes);
  return { modulus: modulus ?? 0n, exponent: exponent ?? 0n, privateExponent: privateExponent ?? 0n };
}

function isCurvePair(algorithm: string, own: Fields): boolean {
  if (algorithm === "ssh-ed25519") {
    const x = base64url(own.next());
    return isPair({ kty: "OKP", crv: "Ed25519", x, d: base64url(own.next().subarray(0, 32)) });
  }
  const crv = CURVES[latin1(own.next())];
  const point = own.next();
  const half = (point.length - 1) / 2;
  const scalar = Buffer.from(own.next());
  if (crv === undefined || !Number.isInteger(half) || half < 32) return false;
  const d = Buffer.concat([Buffer.alloc(half), scalar]).subarray(-half);
  const [x, y] = [point.subarray(1, 1 + half), point.subarray(1 + half)].map(base64url);
  return x !== undefined && y !== undefined && isPair({ kty: "EC", crv, x, y, d: base64url(d) });
}

/** Reads strings with a length of four bytes before them. */
class Fields {
  readonly #bytes: Bytes;
  at: number;
  /** True if a string went past the end. */
  isShort = false;

  constructor(bytes: Bytes, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): Bytes {
    const length = Number(fromBytes(this.#bytes.subarray(this.at, this.at + 4)));
    const start = this.at + 4;
    if (start + length > this.#bytes.length) this.isShort = true;
    this.at = Math.min(start + length, this.#bytes.length);
    return this.#bytes.slice(start, this.at);
  }

  skip(length: number): void {
    this.at += length;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
