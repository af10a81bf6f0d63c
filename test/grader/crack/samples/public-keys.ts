/** One RSA key in every form in which programs send keys. */
import { Buffer } from "node:buffer";
import { generateKeyPairSync } from "node:crypto";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { fromBytes, toBytes } from "../arithmetic/modular.ts";
import { findKeys } from "../keys/find-keys.ts";
import type { FoundKey } from "../keys/found-key.ts";
import { viewsIn } from "./captures.ts";

export const BITS = 1024;
// half the usual size, so that the attacker's own keys are made quickly
const { privateKey, publicKey: PUBLIC } = generateKeyPairSync("rsa", { modulusLength: BITS });
export const PRIVATE_PEM = String(privateKey.export({ type: "pkcs8", format: "pem" }));
const JWK = PUBLIC.export({ format: "jwk" });
export const N = fromBytes(Buffer.from(JWK.n ?? "", "base64url"));
export const SPKI = new Uint8Array(PUBLIC.export({ type: "spki", format: "der" }));
const PKCS1 = new Uint8Array(PUBLIC.export({ type: "pkcs1", format: "der" }));
export const SPKI_PEM = String(PUBLIC.export({ type: "spki", format: "pem" }));
const PKCS1_PEM = String(PUBLIC.export({ type: "pkcs1", format: "pem" }));

/**
 * `pickle.dumps((n, 65537))` of Python, protocol 4: LONG1 for the modulus, BININT for the exponent.
 */
function pickled(modulus: bigint): Bytes {
  const digits = concat([Uint8Array.of(0), toBytes(modulus)]).reverse();
  const long = concat([Uint8Array.of(0x8a, digits.length), digits]);
  const body = concat([long, Uint8Array.of(0x4a, 1, 0, 1, 0, 0x86, 0x94, 0x2e)]);
  const frame = new Uint8Array(new BigUint64Array([BigInt(body.length)]).buffer);
  return concat([Uint8Array.of(0x80, 4, 0x95), frame, body]);
}

function ssh(): string {
  const string = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const e = Buffer.of(1, 0, 1);
  const n = Buffer.concat([Buffer.of(0), toBytes(N)]);
  return `ssh-rsa ${Buffer.concat([string(Buffer.from("ssh-rsa")), string(e), string(n)]).toString("base64")} me@here`;
}

export const FORMS: [name: string, sent: Bytes | string, form: RegExp][] = [
  ["PEM, SPKI", SPKI_PEM, /^PEM "PUBLIC KEY"$/],
  ["PEM, PKCS #1", PKCS1_PEM, /^PEM "RSA PUBLIC KEY"$/],
  ["DER, SPKI", SPKI, /^DER, SubjectPublicKeyInfo$/],
  ["DER, PKCS #1", PKCS1, /^DER, PKCS #1$/],
  ["base64 of DER", Buffer.from(SPKI).toString("base64"), /SubjectPublicKeyInfo in base64$/],
  ["base64url of PEM", Buffer.from(SPKI_PEM).toString("base64url"), /in base64/],
  ["hexadecimal of DER", Buffer.from(SPKI).toString("hex"), /SubjectPublicKeyInfo in hexadecimal$/],
  ["PEM in JSON", JSON.stringify({ type: "key", key: SPKI_PEM }), /^PEM "PUBLIC KEY"/],
  ["JWK", JSON.stringify({ kty: "RSA", n: JWK.n, e: JWK.e }), /^JWK$/],
  [
    "XML",
    `<RSAKeyValue><Modulus>${Buffer.from(toBytes(N)).toString("base64")}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>`,
    /^XML$/,
  ],
  ["OpenSSH", ssh(), /OpenSSH/],
  ["a tuple", `(${N}, 65537)`, /^decimal numbers/],
  ["JSON", JSON.stringify({ e: 65537, n: String(N) }), /^decimal numbers/],
  ["two lines", `65537\n${N}\n`, /^decimal numbers/],
  ["hexadecimal numbers", `n=0x${N.toString(16)} e=0x10001`, /^hexadecimal numbers/],
  ["a pickle", pickled(N), /^little-endian numbers/],
  ["bytes", concat([toBytes(N), Uint8Array.of(1, 0, 1)]), /^bytes of the modulus/],
];

/** Returns the keys in a capture with one connection. */
export function keysIn(
  client: readonly (Bytes | string)[],
  server: readonly (Bytes | string)[] = [],
  uncertain = false,
): FoundKey[] {
  return findKeys(viewsIn(client, server), { uncertain });
}
