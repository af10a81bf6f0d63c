/**
 * The worked examples of parts 1 and 2, computed without lib's cryptography: two fixed key pairs,
 * and "random" values that count up. A value is bytes or ASCII text.
 */
import { createCipheriv, createHmac, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Bytes, concat, encodeUtf8, toBase64Url, toHex } from "../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { encryptByHand, readNumbers, sha256, signByHand } from "./rsa-by-hand.ts";

export type Values = Record<string, Bytes | string>;

/** The private keys of both examples, PKCS #8 in PEM. */
export const PEM = { client: readPem("client"), server: readPem("server") };

/** Their public keys, SubjectPublicKeyInfo in DER. */
export const SPKI = { client: spkiOf(PEM.client), server: spkiOf(PEM.server) };

const client = { spki: SPKI.client, ...readNumbers(PEM.client) };
const server = { spki: SPKI.server, ...readNumbers(PEM.server) };
const clientRandom = counting(0x00, 32);
const serverRandom = counting(0x20, 32);
const OAEP_CAPACITY = 190;

/** Part 1: the client says "ping", the server answers "pong". */
export function examplePart1() {
  const clientHello = encodeFields(["sml/part1/v1", clientRandom, client.spki]);
  const serverHello = encodeFields(["sml/part1/v1", serverRandom, server.spki]);
  const session = sha256(encodeFields(["sml/part1/v1/session", clientHello, serverHello]));

  const clientSigned = encodeFields(["sml/part1/v1/message", "client to server", session, "ping"]);
  const clientSalt = counting(0x40, 32);
  const clientSignature = signByHand(client, clientSigned, clientSalt);
  const clientText = encodeFields([clientSignature, "ping"]);
  const clientSeeds = counting(0x60, 64);
  const clientMessage = encryptBlocks(server, clientText, clientSeeds);

  const serverSigned = encodeFields(["sml/part1/v1/message", "server to client", session, "pong"]);
  const serverSalt = counting(0xa0, 32);
  const serverSignature = signByHand(server, serverSigned, serverSalt);
  const serverText = encodeFields([serverSignature, "pong"]);
  const serverSeeds = counting(0xc0, 64);
  const serverMessage = encryptBlocks(client, serverText, serverSeeds);

  return {
    "client's random": clientRandom,
    "server's random": serverRandom,
    session,
    "what the client signs": clientSigned,
    "client's salt": clientSalt,
    "client's signature": clientSignature,
    "client's signed text": clientText,
    "client's seeds, one for each block": clientSeeds,
    "all that the client sends: hello frame, message frame": frames(clientHello, clientMessage),
    "what the server signs": serverSigned,
    "server's salt": serverSalt,
    "server's signature": serverSignature,
    "server's signed text": serverText,
    "server's seeds, one for each block": serverSeeds,
    "all that the server sends: hello frame, message frame": frames(serverHello, serverMessage),
  };
}

/** Part 2: the same conversation; both tokens are of 2001-09-09T01:46:40Z. */
export function examplePart2() {
  const clientHello = encodeFields(["sml/part2/v1", clientRandom, client.spki]);
  const serverHello = encodeFields(["sml/part2/v1", serverRandom, server.spki]);
  const session = sha256(encodeFields(["sml/part2/v1/session", clientHello, serverHello]));

  const fernetKey = counting(0x40, 32);
  const requestIv = counting(0x60, 16);
  const requestToken = fernetByHand(fernetKey, "ping", requestIv);
  const label = toHex(sha256(encodeFields(["sml/part2/v1/key", session])));
  const seed = counting(0x70, 32);
  const wrappedKey = encryptByHand(server, fernetKey, seed, encodeUtf8(label));
  const requestSigned = encodeFields([
    "sml/part2/v1/request",
    "client to server",
    session,
    wrappedKey,
    requestToken,
  ]);
  const requestSalt = counting(0x90, 32);
  const requestSignature = signByHand(client, requestSigned, requestSalt);
  const request = encodeFields([wrappedKey, requestToken, requestSignature]);

  const replyIv = counting(0xb0, 16);
  const replyToken = fernetByHand(fernetKey, "pong", replyIv);
  const replySigned = encodeFields([
    "sml/part2/v1/reply",
    "server to client",
    session,
    sha256(request),
    replyToken,
  ]);
  const replySalt = counting(0xc0, 32);
  const replySignature = signByHand(server, replySigned, replySalt);
  const reply = encodeFields([replyToken, replySignature]);

  return {
    "client's random": clientRandom,
    "server's random": serverRandom,
    session,
    "Fernet key": fernetKey,
    "IV of the request's token": requestIv,
    "the request's token": requestToken,
    "OAEP label": label,
    "OAEP seed": seed,
    "wrapped key": wrappedKey,
    "what the client signs": requestSigned,
    "client's salt": requestSalt,
    "client's signature": requestSignature,
    "all that the client sends: hello frame, request frame": frames(clientHello, request),
    "IV of the reply's token": replyIv,
    "the reply's token": replyToken,
    "SHA-256 of the request": sha256(request),
    "what the server signs": replySigned,
    "server's salt": replySalt,
    "server's signature": replySignature,
    "all that the server sends: hello frame, reply frame": frames(serverHello, reply),
  };
}

/** Returns `values` as lib/vectors has them: bytes in hexadecimal, text as it is. */
export function inHex(values: Values): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "string" ? value : toHex(value),
  ]);
  return Object.fromEntries(entries);
}

function readPem(name: string): string {
  return readFileSync(new URL(`../keys/example-${name}.pem`, import.meta.url), "utf8");
}

function spkiOf(pem: string): Bytes {
  return new Uint8Array(createPublicKey(pem).export({ type: "spki", format: "der" }));
}

function counting(first: number, length: number): Bytes {
  return Uint8Array.from({ length }, (_, index) => first + index);
}

function frames(...payloads: Bytes[]): Bytes {
  return concat(payloads.flatMap((payload) => [encodeUint32(payload.length), payload]));
}

function encryptBlocks(key: typeof client, plaintext: Bytes, seeds: Bytes): Bytes {
  const blocks: Bytes[] = [];
  for (let offset = 0; offset < plaintext.length; offset += OAEP_CAPACITY) {
    const seed = seeds.subarray(blocks.length * 32, (blocks.length + 1) * 32);
    const part = plaintext.subarray(offset, offset + OAEP_CAPACITY);
    blocks.push(encryptByHand(key, part, seed, new Uint8Array()));
  }
  return concat(blocks);
}

function fernetByHand(key: Bytes, text: string, iv: Bytes): string {
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv);
  const time = new Uint8Array([0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0x00]);
  const ciphertext = concat(
    [cipher.update(text, "utf8"), cipher.final()].map((part) => new Uint8Array(part)),
  );
  const signed = concat([new Uint8Array([0x80]), time, iv, ciphertext]);
  const tag = new Uint8Array(createHmac("sha256", key.subarray(0, 16)).update(signed).digest());
  return toBase64Url(concat([signed, tag]));
}
