import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  deriveKeys,
  formatClientFirst,
  formatServerFinal,
  formatServerFirst,
  formatWithoutProof,
  GS2_HEADER,
  isProof,
  joinAuthMessage,
  MIN_ITERATIONS,
  makeCredential,
  parseClientFinal,
  parseClientFirst,
  parseServerFirst,
  prove,
  signAsServer,
} from "../../../exercises/06-login/scram.ts";
import { toBase64 } from "../../../lib/bytes/bytes.ts";
import { MAX_COST } from "../../../lib/passwords/password.ts";
import { throws } from "../../support/rejects.ts";

/** RFC 7677 §3. */
const RFC = {
  password: "pencil",
  bare: "n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  withoutProof: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};
const NONCE = "n".repeat(24);
const SALT = new Uint8Array(16).fill(7);
const PARAMETERS = { salt: SALT, iterations: MIN_ITERATIONS };

test("the example of RFC 7677", async () => {
  const parameters = parseServerFirst(RFC.serverFirst, "rOprNGfwEbeRWgbNEkqO");
  assert.equal(parameters, {
    nonce: RFC.nonce,
    salt: new Uint8Array(Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")),
    iterations: 4096,
  });
  assert.is(formatServerFirst(parameters), RFC.serverFirst);
  const keys = await deriveKeys(RFC.password, parameters);
  assert.is(formatWithoutProof(new Uint8Array(), RFC.nonce, "n,,"), RFC.withoutProof);
  const authMessage = joinAuthMessage(RFC.bare, RFC.serverFirst, RFC.withoutProof);
  const proof = prove(keys, authMessage);
  assert.is(toBase64(proof), RFC.proof);

  const credential = await makeCredential(RFC.password, parameters);
  assert.ok(isProof(proof, credential, authMessage));
  assert.is(formatServerFinal(signAsServer(credential, authMessage)), RFC.serverFinal);
});

test("isProof accepts the right password only, and only for what was said", async () => {
  const credential = await makeCredential("correct horse", PARAMETERS);
  const keys = await deriveKeys("correct horse", PARAMETERS);
  const proof = prove(keys, "said");
  assert.ok(isProof(proof, credential, "said"));
  assert.not(isProof(proof, credential, "said on another channel"));
  const wrong = await deriveKeys("wrong horse", PARAMETERS);
  assert.not(isProof(prove(wrong, "said"), credential, "said"));
  for (const [index] of proof.entries()) {
    const flipped = proof.with(index, (proof[index] ?? 0) ^ 1);
    assert.not(isProof(flipped, credential, "said"), `byte ${index}`);
  }
});

test("what a server stores does not log in: neither key of it makes a proof", async () => {
  const stored = await makeCredential("correct horse", PARAMETERS);
  for (const clientKey of [stored.storedKey, stored.serverKey]) {
    const proof = prove({ clientKey, serverKey: stored.serverKey }, "said");
    assert.not(isProof(proof, stored, "said"));
  }
});

test("the same password is stored in another form under another salt, and is normalised", async () => {
  const one = await makeCredential("caf\u00e9 horse", PARAMETERS);
  const same = await makeCredential("cafe\u0301 horse", PARAMETERS);
  const other = await makeCredential("caf\u00e9 horse", { ...PARAMETERS, salt: new Uint8Array(16).fill(8) });
  assert.equal(one, same);
  assert.not.equal(one.storedKey, other.storedKey);
});

test("each text of a login is parsed to what it was made of", () => {
  const first = formatClientFirst("alice", NONCE);
  assert.equal(parseClientFirst(first), {
    header: GS2_HEADER,
    user: "alice",
    nonce: NONCE,
    bare: first.slice(GS2_HEADER.length),
  });
  const proof = new Uint8Array(32).fill(1);
  const withoutProof = formatWithoutProof(SALT, NONCE);
  assert.equal(parseClientFinal(`${withoutProof},p=${toBase64(proof)}`), {
    binding: new Uint8Array([...Buffer.from(GS2_HEADER), ...SALT]),
    nonce: NONCE,
    proof,
    withoutProof,
  });
});

test("a name that no user can have is parsed, and belongs to no user", () => {
  assert.is(parseClientFirst(`${GS2_HEADER}n=my password!,r=${NONCE}`).user, undefined);
  assert.is(parseClientFirst(`${GS2_HEADER}n=,r=${NONCE}`).user, undefined);
});

const BAD_FIRST = [
  "",
  `n,,n=alice,r=${NONCE}`,
  `y,,n=alice,r=${NONCE}`,
  `p=tls-unique,,n=alice,r=${NONCE}`,
  `${GS2_HEADER}n=alice,r=short`,
  `${GS2_HEADER}n=alice,r=${NONCE},x=1`,
  `${GS2_HEADER}m=1,n=alice,r=${NONCE}`,
  `${GS2_HEADER}n=alice,r=${"x".repeat(129)}`,
  `${GS2_HEADER}n=alice,r=${NONCE} \n`,
];
test("a first message of another form, or without our binding, is refused", () => {
  for (const text of BAD_FIRST) throws(() => parseClientFirst(text), /^malformed login: /);
});

const salt = toBase64(SALT);
const BAD_SERVER_FIRST: [text: string, reason: RegExp][] = [
  [`r=${NONCE},s=${salt},i=4096`, /nonce of the server/],
  [`r=other${NONCE},s=${salt},i=4096`, /nonce of the server/],
  [`r=${NONCE}${NONCE},s=,i=4096`, /base64/],
  [`r=${NONCE}${NONCE},s=${salt.slice(0, -1)},i=4096`, /base64/],
  [`r=${NONCE}${NONCE},s=${salt},i=${MIN_ITERATIONS - 1}`, /the server asks for 4095 iterations/],
  [`r=${NONCE}${NONCE},s=${salt},i=${MAX_COST + 1}`, /the server asks for 10000001 iterations/],
  [`r=${NONCE}${NONCE},s=${salt},i=04096`, /nonce/],
  [`r=${NONCE}${NONCE},s=${salt},i=4096,x=y`, /nonce/],
];
test("a client refuses a server that repeats no nonce, or asks for too little work or too much", () => {
  for (const [text, reason] of BAD_SERVER_FIRST) throws(() => parseServerFirst(text, NONCE), reason);
});

test("a final message with another proof or form is refused", () => {
  const withoutProof = formatWithoutProof(SALT, NONCE);
  for (const text of [
    withoutProof,
    `${withoutProof},p=`,
    `${withoutProof},p=${salt}`,
    `${withoutProof},p=${toBase64(new Uint8Array(33))}`,
    `c=!,r=${NONCE},p=${toBase64(new Uint8Array(32))}`,
  ])
    throws(() => parseClientFinal(text), /^malformed login: /);
});

test("no text makes a parser fail in another way", async () => {
  await fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      for (const parse of [parseClientFirst, parseClientFinal, (any: string) => parseServerFirst(any, NONCE)])
        throws(() => parse(text), /^malformed login: /);
    }),
  );
});

test.run();
