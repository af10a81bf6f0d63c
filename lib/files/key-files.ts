/**
 * Stored identities, in text files that OpenSSL reads: `NAME.pem` is the private key (PKCS #8, RFC
 * 5208, in PEM, RFC 7468), `NAME.pub.pem` its public half (SPKI).
 *
 *     openssl pkey -in keys/server.pem -noout -text
 *
 * The private file is authoritative; the public one is a copy to hand out. A damaged or mismatched
 * file is an error and is never replaced: to every peer, a new key would look like an attacker's.
 */
import { Buffer } from "node:buffer";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Bytes, equal, toBase64, toHex } from "../bytes/bytes.ts";
import { shellWord } from "../bytes/printable.ts";
import {
  generateIdentity,
  type Identity,
  importIdentity,
  importPublicIdentity,
  type PublicIdentity,
} from "../crypto/identity.ts";
import { PSS, sign, verify } from "../crypto/signature.ts";
import { checkSpki } from "../crypto/spki.ts";
import { subtle } from "../crypto/webcrypto.ts";
import { createSmallFile, decodeFile, findExposure, readSmallBytes } from "./small-file.ts";

const PRIVATE_LABEL = "PRIVATE KEY";
const PUBLIC_LABEL = "PUBLIC KEY";
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const LINE_LENGTH = 64;
// the OID rsaEncryption, 1.2.840.113549.1.1.1, near the beginning of PKCS #8
const RSA_ENCRYPTION = "06092a864886f70d010101";
const ALGORITHM_END = 32;
// the first byte of PKCS #8 and SPKI in DER
const DER_SEQUENCE = 0x30;
const PEM_START = /^\ufeff?-----BEGIN ([A-Z0-9 ]+)-----\s*$/m;
const PEM = /^\ufeff?-----BEGIN ([A-Z0-9 ]+)-----\s*$([\s\S]*?)^-----END \1-----\s*$/gm;
const ENCRYPTED = /^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
/** For each label, other forms of such a key, and the commands that convert them. */
const FOREIGN: Record<string, { pattern: RegExp; name: string; command: string }[]> = {
  [PRIVATE_LABEL]: [
    { pattern: /^DER$/, name: "DER", command: "openssl pkey -inform DER -in IN -out OUT" },
    {
      pattern: /^-----BEGIN RSA PRIVATE KEY-----/m,
      name: "PKCS #1",
      command: "openssl pkey -in IN -out OUT",
    },
    {
      pattern: /^-----BEGIN OPENSSH PRIVATE KEY-----/m,
      name: "an OpenSSH key",
      command: "ssh-keygen -p -N '' -m PKCS8 -f IN",
    },
  ],
  [PUBLIC_LABEL]: [
    { pattern: /^DER$/, name: "DER", command: "openssl pkey -pubin -inform DER -in IN -pubout -out OUT" },
    {
      pattern: /^-----BEGIN RSA PUBLIC KEY-----/m,
      name: "PKCS #1",
      command: "openssl rsa -RSAPublicKey_in -in IN -pubout -out OUT",
    },
    {
      pattern: /^-----BEGIN CERTIFICATE-----/m,
      name: "a certificate",
      command: "openssl x509 -in IN -noout -pubkey > OUT",
    },
    { pattern: /^ssh-rsa /m, name: "an OpenSSH key", command: "ssh-keygen -e -m PKCS8 -f IN > OUT" },
  ],
};
const SELF_TEST = ["sml/key file/self-test"];

/**
 * Loads the identity `name` from `folder`; creates it, and the folder, if it does not exist.
 *
 * Processes that start together without a key end up with the same one, and a process that is
 * killed never leaves a broken file.
 *
 * @param name a name as `isName` defines it, such as `server`
 * @throws Error that names the file and what is wrong with it: unreadable, damaged, not RSA of 2048
 *   to 4096 bits, readable by others, or a public file that belongs to another key
 */
export async function loadIdentity(folder: string, name: string): Promise<Identity> {
  const privateFile = join(folder, `${name}.pem`);
  const publicFile = join(folder, `${name}.pub.pem`);
  // the public file first, because a new pair is written in the opposite order
  const hadPublicFile = (await readSmallBytes(publicFile)) !== undefined;
  if ((await readSmallBytes(privateFile)) === undefined) {
    if (hadPublicFile)
      throw new Error(
        `${privateFile} is missing, and its public half ${publicFile} is there: put it back, or remove that too for a new key`,
      );
    const { pkcs8 } = await generateIdentity();
    await createSmallFile(privateFile, { text: encodePem(PRIVATE_LABEL, pkcs8), mode: PRIVATE_MODE });
  }

  // always from the file: another process may have been quicker
  const { pkcs8, spki } = await readPrivateFile(privateFile);
  const stored = await readSmallBytes(publicFile);
  const publicText = encodePem(PUBLIC_LABEL, spki);
  if (!stored) await createSmallFile(publicFile, { text: publicText, mode: PUBLIC_MODE });
  else if (!equal(decodePem(publicFile, PUBLIC_LABEL, stored.bytes), spki))
    throw refusal(publicFile, `it is not the public half of ${privateFile}; remove it to have it made again`);
  return importIdentity(pkcs8, spki);
}

/**
 * Reads the public key of a peer: a "PUBLIC KEY" in PEM.
 *
 * @throws Error that names the file and what is wrong with it
 */
export async function readPublicKey(file: string): Promise<PublicIdentity> {
  const contents = await readSmallBytes(file);
  if (!contents) throw refusal(file, "there is no such file");
  const spki = decodePem(file, PUBLIC_LABEL, contents.bytes);
  checkSpki(spki, `${file} cannot be used`);
  return importPublicIdentity(spki);
}

/**
 * Returns the folder `keys` next to the script with this URL, relative to the working directory.
 */
export function keysBeside(script: string): string {
  return relative(process.cwd(), fileURLToPath(new URL("keys", script))) || ".";
}

/** Reads and validates a private key; returns it with its public half. */
async function readPrivateFile(file: string): Promise<{ pkcs8: Bytes; spki: Bytes }> {
  const contents = await readSmallBytes(file);
  if (!contents) throw refusal(file, "it was removed at this moment");
  const exposure = findExposure(file, contents);
  if (exposure !== undefined) throw refusal(file, exposure);
  const pkcs8 = decodePem(file, PRIVATE_LABEL, contents.bytes);
  if (!toHex(pkcs8.subarray(0, ALGORITHM_END)).includes(RSA_ENCRYPTION))
    throw refusal(file, "it is not an RSA key");
  const spki = await deriveSpki(pkcs8);
  if (!spki) throw refusal(file, "its contents are damaged");
  checkSpki(spki, `${file} cannot be used`);
  const identity = await importIdentity(pkcs8, spki);
  try {
    await verify(identity, await sign(identity, SELF_TEST), SELF_TEST);
  } catch {
    throw refusal(file, "its contents are damaged: what it signs is not valid");
  }
  return { pkcs8, spki };
}

/**
 * Returns the public half of an RSA key; undefined if a provider cannot import the key completely.
 */
async function deriveSpki(pkcs8: Bytes): Promise<Bytes | undefined> {
  try {
    const key = await subtle.importKey("pkcs8", pkcs8, PSS, true, ["sign"]);
    if (!equal(new Uint8Array(await subtle.exportKey("pkcs8", key)), pkcs8)) return undefined;
    const { n = "", e = "" } = await subtle.exportKey("jwk", key);
    const publicKey = await subtle.importKey("jwk", { kty: "RSA", n, e }, PSS, true, ["verify"]);
    return new Uint8Array(await subtle.exportKey("spki", publicKey));
  } catch {
    return undefined;
  }
}

/** Encodes `der` as PEM with this `label`. */
function encodePem(label: string, der: Bytes): string {
  const lines = toBase64(der).match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Decodes the PEM (RFC 7468) of the only object in `bytes`, the contents of `file`, that has this
 * `label`. As in OpenSSL, other objects and any text may surround it.
 *
 * @throws Error that says what the file is instead, and how to convert it
 */
function decodePem(file: string, label: string, bytes: Bytes): Bytes {
  if (bytes[0] === DER_SEQUENCE) throw refusal(file, foreignReason(file, label, "DER"));
  const text = decodeFile(file, bytes);
  if (text.trim() === "") throw refusal(file, "it is empty");
  const objects = [...text.matchAll(PEM)].filter(([, found]) => found === label);
  if (objects.length > 1) throw refusal(file, `it has more than one "${label}"`);
  if (objects.length === 0) throw refusal(file, foreignReason(file, label, text));
  const compact = (objects[0]?.[2] ?? "").replaceAll(/\s/g, "");
  const der = new Uint8Array(Buffer.from(compact, "base64"));
  if (der.length === 0 || toBase64(der) !== compact) throw refusal(file, "its base64 is damaged");
  return der;
}

/**
 * Returns why the PEM `text` of `file` cannot be read without a password, with the command that
 * removes it; undefined if it can.
 */
export function findEncryption(file: string, text: string): string | undefined {
  if (!ENCRYPTED.test(text)) return undefined;
  return `it is encrypted; take its password off with: ${replacing(file, "openssl pkey -in IN -out OUT")}`;
}

/** Returns what `text` is instead of a `label`, with the command that converts it. */
function foreignReason(file: string, label: string, text: string): string {
  const encryption = label === PRIVATE_LABEL ? findEncryption(file, text) : undefined;
  if (encryption !== undefined) return encryption;
  const foreign = FOREIGN[label]?.find(({ pattern }) => pattern.test(text));
  if (foreign)
    return `it is ${foreign.name}, and ${label === PRIVATE_LABEL ? "PKCS #8" : "SPKI"} in PEM is expected; convert it with: ${replacing(file, foreign.command)}`;
  const [, actual] = PEM_START.exec(text) ?? [];
  if (actual === undefined) return `it is not PEM text with a "${label}"`;
  if (actual === label) return "it is cut short: its END line is missing";
  return `it has a "${actual}", and a "${label}" is expected`;
}

function refusal(file: string, reason: string): Error {
  return new Error(`${file} cannot be used: ${reason}`);
}

/**
 * Returns a shell command that runs `command` with `file` as IN, and replaces `file` by the result,
 * OUT: OpenSSL would destroy a file that is both.
 */
function replacing(file: string, command: string): string {
  const [from, to] = [shellWord(file), shellWord(`${file}.new`)];
  const filled = command.replaceAll(/IN|OUT/g, (word) => (word === "IN" ? from : to));
  return command.includes("OUT") ? `${filled} && mv ${to} ${from}` : filled;
}
