import { Buffer } from "node:buffer";
import { constants, createPrivateKey, privateDecrypt } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { decodeFields, encodeFields } from "../../../lib/bytes/fields.ts";
import { generateFernetKey, openToken, sealToken } from "../../../lib/crypto/fernet.ts";
import { NOT_AUTHENTIC, sign, verify } from "../../../lib/crypto/signature.ts";
import { sha256, subtle } from "../../../lib/crypto/webcrypto.ts";
import {
  signReply,
  signRequest,
  TEXT_LIMIT,
  unwrapKey,
  verifyReply,
  verifyRequest,
  wrapKey,
} from "../../../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT } from "../../../lib/net/framing.ts";
import { flipped } from "../../support/bits.ts";
import { loadKeys, loadPkcs8 } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";

const client = await loadKeys("rsa-2048-a");
const server = await loadKeys("rsa-2048-b");
const mallory = await loadKeys("rsa-2048-c");
const SESSION = new Uint8Array(32).fill(0x21);
const OTHER_SESSION = new Uint8Array(32).fill(0x22);

const fernetKey = generateFernetKey();
const token = await sealToken(fernetKey, "ping");
const wrappedKey = await wrapKey(fernetKey, server, SESSION);
const request = await signRequest(wrappedKey, token, client, SESSION);
const replyToken = await sealToken(fernetKey, "pong");
const reply = await signReply(replyToken, request, server, SESSION);

/** What part 2's server does with a request: verify, unwrap, decrypt. */
async function open(bytes: Bytes, from = client, session = SESSION): Promise<string> {
  const verified = await verifyRequest(bytes, from, session);
  return openToken(await unwrapKey(verified.wrappedKey, server, session), verified.token);
}

test("verifyRequest, unwrapKey and openToken undo what the client did", async () => {
  assert.is(await open(request), "ping");
});

test("verifyReply and openToken undo what the server did", async () => {
  assert.is(await openToken(fernetKey, await verifyReply(reply, request, server, SESSION)), "pong");
});

test("keys of all lengths serve as client's and as server's", async () => {
  for (const name of ["rsa-2052", "rsa-3072", "rsa-4096"] as const) {
    const other = await loadKeys(name);
    const wrapped = await wrapKey(fernetKey, other, SESSION);
    assert.is(wrapped.length, other.modulusLength);
    assert.is(toHex(await unwrapKey(wrapped, other, SESSION)), toHex(fernetKey));
    const signed = await signRequest(wrappedKey, token, other, SESSION);
    assert.is(await open(signed, other), "ping");
  }
});

test("a text of the limit passes the frame limit, with the longest keys", async () => {
  assert.is(TEXT_LIMIT, 1_048_576);
  const longest = await sealToken(fernetKey, "x".repeat(TEXT_LIMIT));
  assert.ok(12 + longest.length + 512 + 512 <= FRAME_LIMIT);
});

test("wrapKey is RSA-OAEP with SHA-256 and the hash of the session in hexadecimal as label, as OpenSSL undoes it", async () => {
  const key = createPrivateKey({ key: Buffer.from(loadPkcs8("rsa-2048-b")), format: "der", type: "pkcs8" });
  const unwrap = async (session: Bytes, label: string): Promise<string> => {
    const oaepLabel = encodeUtf8(toHex(await sha256(encodeFields([label, session]))));
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return toHex(new Uint8Array(privateDecrypt({ key, padding, oaepHash: "sha256", oaepLabel }, wrappedKey)));
  };
  assert.is(await unwrap(SESSION, "sml/part2/v1/key"), toHex(fernetKey));
  await rejects(unwrap(OTHER_SESSION, "sml/part2/v1/key"), /oaep/i);
  await rejects(unwrap(SESSION, "sml/part2/v1/other"), /oaep/i);
});

test("wrapKey never gives the same bytes twice", async () => {
  assert.is.not(toHex(await wrapKey(fernetKey, server, SESSION)), toHex(wrappedKey));
});

test("unwrapKey refuses a key wrapped for another session, for another server or without a label", async () => {
  await rejects(unwrapKey(wrappedKey, server, OTHER_SESSION), NOT_AUTHENTIC);
  await rejects(unwrapKey(wrappedKey, mallory, SESSION), NOT_AUTHENTIC);
  await rejects(unwrapKey(wrappedKey, await loadKeys("rsa-4096"), SESSION), NOT_AUTHENTIC);
  const bare = new Uint8Array(await subtle.encrypt({ name: "RSA-OAEP" }, server.encryptionKey, fernetKey));
  await rejects(unwrapKey(bare, server, SESSION), NOT_AUTHENTIC);
});

test("unwrapKey refuses what does not wrap exactly 32 bytes", async () => {
  for (const length of [0, 16, 31, 33, 64]) {
    await rejects(
      unwrapKey(await wrapKey(new Uint8Array(length), server, SESSION), server, SESSION),
      NOT_AUTHENTIC,
    );
  }
});

test("unwrapKey refuses a wrapped key of any other length, of zeros and of ones", async () => {
  for (const length of [0, 1, 255, 257, 512]) {
    const other = new Uint8Array(length);
    other.set(wrappedKey.subarray(0, length));
    await rejects(unwrapKey(other, server, SESSION), NOT_AUTHENTIC);
  }
  await rejects(unwrapKey(new Uint8Array(256), server, SESSION), NOT_AUTHENTIC);
  await rejects(unwrapKey(new Uint8Array(256).fill(0xff), server, SESSION), NOT_AUTHENTIC);
});

test("unwrapKey refuses a wrapped key with one bit flipped, in each byte", async () => {
  for (let bit = 0; bit < 8 * wrappedKey.length; bit += 7) {
    await rejects(unwrapKey(flipped(wrappedKey, bit), server, SESSION), NOT_AUTHENTIC);
  }
});

test("signRequest and signReply sign label, direction, session and contents", async () => {
  const [key, sealed, signature] = decodeFields(request, 3);
  assert.is(toHex(key), toHex(wrappedKey));
  assert.is(toHex(sealed), toHex(token));
  await verify(client, signature, ["sml/part2/v1/request", "client to server", SESSION, key, sealed]);
  const [answer, answerSignature] = decodeFields(reply, 2);
  assert.is(toHex(answer), toHex(replyToken));
  const hash = await sha256(request);
  await verify(server, answerSignature, ["sml/part2/v1/reply", "server to client", SESSION, hash, answer]);
});

test("neither the request nor the reply shows the text or the Fernet key", () => {
  for (const bytes of [request, reply]) {
    for (const secret of [fernetKey, encodeUtf8("ping"), encodeUtf8("pong")]) {
      for (const encoding of ["hex", "base64", "base64url", "latin1"] as const) {
        assert.not(
          Buffer.from(bytes).includes(Buffer.from(secret).toString(encoding).replace(/=+$/, ""), 0, "latin1"),
        );
      }
    }
  }
});

test("someone else who signs the client's wrapped key and token again as her own is refused in her own session", async () => {
  const stolen = await signRequest(wrappedKey, token, mallory, OTHER_SESSION);
  const verified = await verifyRequest(stolen, mallory, OTHER_SESSION);
  await rejects(unwrapKey(verified.wrappedKey, server, OTHER_SESSION), NOT_AUTHENTIC);
});

test("verifyRequest refuses another session, another client and a signature not by the client", async () => {
  await rejects(verifyRequest(request, client, OTHER_SESSION), NOT_AUTHENTIC);
  await rejects(verifyRequest(request, mallory, SESSION), NOT_AUTHENTIC);
  await rejects(
    verifyRequest(await signRequest(wrappedKey, token, mallory, SESSION), client, SESSION),
    NOT_AUTHENTIC,
  );
});

test("verifyRequest refuses a token or a wrapped key changed for another good one", async () => {
  const [, , signature] = decodeFields(request, 3);
  const otherToken = await sealToken(fernetKey, "ping");
  const otherKey = await wrapKey(fernetKey, server, SESSION);
  await rejects(
    verifyRequest(encodeFields([wrappedKey, otherToken, signature]), client, SESSION),
    NOT_AUTHENTIC,
  );
  await rejects(verifyRequest(encodeFields([otherKey, token, signature]), client, SESSION), NOT_AUTHENTIC);
  await rejects(verifyRequest(encodeFields([token, wrappedKey, signature]), client, SESSION), NOT_AUTHENTIC);
});

const signature = decodeFields(request, 3)[2];
const MALFORMED_REQUESTS: [string, Bytes][] = [
  ["no fields", new Uint8Array(0)],
  ["its signature missing", encodeFields([wrappedKey, token])],
  ["wrapped key and token glued into one field", encodeFields([concat([wrappedKey, token]), signature])],
  ["a field more", encodeFields([wrappedKey, token, signature, ""])],
  ["a byte more", concat([request, new Uint8Array(1)])],
  ["all three glued, without lengths", concat([wrappedKey, token, signature])],
  ["itself once more behind it", concat([request, request])],
];
for (const [what, bytes] of MALFORMED_REQUESTS) {
  test(`verifyRequest refuses a request with ${what}`, async () => {
    await rejects(verifyRequest(bytes, client, SESSION), /^malformed fields: /);
  });
}

test("verifyRequest refuses a byte moved from the wrapped key to the token, and an empty field put in", async () => {
  const moved = encodeFields([
    wrappedKey.subarray(0, -1),
    concat([wrappedKey.subarray(-1), token]),
    signature,
  ]);
  await rejects(verifyRequest(moved, client, SESSION), NOT_AUTHENTIC);
  const empty = encodeFields(["", concat([wrappedKey, token]), signature]);
  await rejects(verifyRequest(empty, client, SESSION), NOT_AUTHENTIC);
});

test("verifyRequest and verifyReply refuse what is cut short anywhere", async () => {
  for (let length = 0; length < request.length; length += 1) {
    await rejects(verifyRequest(request.subarray(0, length), client, SESSION), /^malformed fields: /);
  }
  for (let length = 0; length < reply.length; length += 1) {
    await rejects(verifyReply(reply.subarray(0, length), request, server, SESSION), /^malformed fields: /);
  }
});

test("verifyReply refuses the reply to another request, of another session or by another server", async () => {
  const other = await signRequest(wrappedKey, token, client, SESSION);
  await rejects(verifyReply(reply, other, server, SESSION), NOT_AUTHENTIC);
  await rejects(verifyReply(reply, request, server, OTHER_SESSION), NOT_AUTHENTIC);
  await rejects(verifyReply(reply, request, mallory, SESSION), NOT_AUTHENTIC);
  await rejects(
    verifyReply(await signReply(replyToken, request, mallory, SESSION), request, server, SESSION),
    NOT_AUTHENTIC,
  );
});

test("verifyReply refuses the client's own request and token sent back", async () => {
  await rejects(verifyReply(request, request, server, SESSION), /^malformed fields: /);
  await rejects(verifyReply(encodeFields([token, signature]), request, server, SESSION), NOT_AUTHENTIC);
  // even by a peer whose key were the client's own
  await rejects(verifyReply(encodeFields([token, signature]), request, client, SESSION), NOT_AUTHENTIC);
});

test("verifyReply refuses a token exchanged for another one under the same key", async () => {
  const [, answerSignature] = decodeFields(reply, 2);
  await rejects(verifyReply(encodeFields([token, answerSignature]), request, server, SESSION), NOT_AUTHENTIC);
});

const MALFORMED_REPLIES: [string, Bytes][] = [
  ["no fields", new Uint8Array(0)],
  ["its signature missing", encodeFields([replyToken])],
  ["a field more", concat([reply, encodeFields([""])])],
  ["a byte more", concat([reply, new Uint8Array(1)])],
];
for (const [what, bytes] of MALFORMED_REPLIES) {
  test(`verifyReply refuses a reply with ${what}`, async () => {
    await rejects(verifyReply(bytes, request, server, SESSION), /^malformed fields: /);
  });
}

test("verifyRequest refuses signatures that part 1 or a reply would make over the same", async () => {
  for (const fields of [
    ["sml/part1/v1/message", "client to server", SESSION, wrappedKey, token],
    ["sml/part2/v1/request", "server to client", SESSION, wrappedKey, token],
    ["sml/part2/v1/reply", "server to client", SESSION, wrappedKey, token],
    [wrappedKey, token],
  ]) {
    const forged = encodeFields([wrappedKey, token, await sign(client, fields)]);
    await rejects(verifyRequest(forged, client, SESSION), NOT_AUTHENTIC);
  }
});

test.run();
