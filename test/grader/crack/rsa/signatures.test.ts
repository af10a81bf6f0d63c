import { Buffer } from "node:buffer";
import { constants, generateKeyPairSync, sign } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { fromBytes } from "../arithmetic/modular.ts";
import { noise, TEXT, viewsIn } from "../samples/captures.ts";
import { distinctSignatures, findSignatures, isSamePlace, resign, signatureAt } from "./signatures.ts";

const BITS = 1024;
const keyPair = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: BITS });
  const { n = "", e = "", d = "" } = privateKey.export({ format: "jwk" });
  const [modulus = 0n, exponent = 0n, privateExponent = 0n] = [n, e, d].map((part) =>
    fromBytes(Buffer.from(part, "base64url")),
  );
  return { privateKey, numbers: { modulus, exponent, privateExponent } };
};
const theirs = keyPair();
const other = keyPair();

const PADDINGS = [
  { scheme: "PSS", padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  { scheme: "PSS", padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN },
  { scheme: "PKCS #1 v1.5", padding: constants.RSA_PKCS1_PADDING },
];

function signed({ padding, saltLength }: { padding: number; saltLength?: number }): Buffer {
  return sign("sha256", encodeUtf8(TEXT), {
    key: theirs.privateKey,
    padding,
    ...(saltLength && { saltLength }),
  });
}

const header = noise("header", 7);
const forms: [name: string, (signature: Buffer) => Bytes | string][] = [
  ["bytes in the middle", (signature) => concat([header, new Uint8Array(signature), noise("end", 3)])],
  ["hexadecimal", (signature) => `sig=${signature.toString("hex")}\n`],
  ["base64 in JSON", (signature) => JSON.stringify({ s: signature.toString("base64") })],
  ["a decimal number", (signature) => `(${fromBytes(signature)})`],
];

for (const [name, form] of forms) {
  test(`findSignatures recognises PSS and PKCS #1 v1.5 as ${name}, and resign makes another one`, () => {
    for (const how of PADDINGS) {
      const find = (passed: Bytes | string) => findSignatures(viewsIn([passed]), [theirs.numbers]);
      const found = find(form(signed(how)));
      const again = find(form(signed(how)));
      const proved = found.find((one) => again.some((another) => isSamePlace(one, another)));
      assert.is(proved?.scheme, how.scheme);
      if (!proved) continue;
      const value = resign(proved, other.numbers);
      // a decimal number may have other digits
      const passed = proved.replace(value) ?? `(${value})`;
      const remade = findSignatures(viewsIn([passed]), [other.numbers]);
      assert.ok(remade.some(({ encoded }) => encoded === proved.encoded));
    }
  });
}

test("findSignatures takes neither random bytes nor another key's signature for one, in two sessions", () => {
  for (const make of [(seed: string) => noise(seed, 400), () => new Uint8Array(signed({ padding: 1 }))]) {
    const keys = [other.numbers];
    const [first = [], again = []] = ["a", "b"].map((seed) => findSignatures(viewsIn([make(seed)]), keys));
    assert.not.ok(first.some((one) => again.some((another) => isSamePlace(one, another))));
  }
});

test("distinctSignatures names a signature once, however many decodings show it", () => {
  const length = (bytes: Uint8Array) => Uint8Array.of(0, 0, 0, bytes.length);
  const parts = [noise("text", 40), new Uint8Array(signed({ padding: constants.RSA_PKCS1_PADDING }))];
  const framed = concat(parts.flatMap((part) => [length(part), part]));
  const found = findSignatures(viewsIn([framed]), [theirs.numbers]);
  assert.ok(found.length > 1);
  assert.equal(
    distinctSignatures(found).map(({ offset, steps }) => ({ offset, steps })),
    [{ offset: framed.length - BITS / 8, steps: "" }],
  );
});

test("signatureAt replaces what is at the same place by another key, and nothing at another place", () => {
  const signature = () => new Uint8Array(signed({ padding: constants.RSA_PKCS1_PADDING }));
  const [found] = findSignatures(viewsIn([concat([header, signature()])]), [theirs.numbers]);
  assert.ok(found);
  const live = concat([header, noise("another key's", BITS / 8)]);
  const made = signatureAt(viewsIn([live]), found)?.replace(resign(found, other.numbers));
  assert.equal(made?.slice(0, header.length), header);
  assert.not.equal(made?.slice(header.length), live.slice(header.length));
  assert.is(signatureAt(viewsIn([concat([live, header])]), found), undefined);
});

test("findSignatures leaves out the signature of a certificate", () => {
  const header = Uint8Array.of(0x03, 0x81, 0x81, 0);
  const passed = concat([header, new Uint8Array(signed({ padding: constants.RSA_PKCS1_PADDING }))]);
  assert.equal(findSignatures(viewsIn([passed]), [theirs.numbers]), []);
});

test.run();
