import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { captured, noise, TEXT } from "../samples/captures.ts";
import { findCurveSignatures, isSameCurvePlace, type Point, resignOnCurve } from "./signatures.ts";

function keyPair(curve: string) {
  const { privateKey, publicKey } =
    curve === "Ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: curve });
  const { x = "", y } = publicKey.export({ format: "jwk" });
  const parts = [x, y ?? ""].map((part) => Buffer.from(part, "base64url"));
  const point: Point = {
    curve,
    bytes: concat([...(y ? [Uint8Array.of(4)] : []), ...parts.map((part) => new Uint8Array(part))]),
  };
  return { privateKey, publicKey, point };
}

const signature = (
  key: KeyObject,
  message: Bytes,
  hash: string | null,
  dsaEncoding: "der" | "ieee-p1363" = "der",
) => new Uint8Array(sign(hash, message, { key, dsaEncoding }));

function frame(bytes: Bytes): Bytes {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat([length, bytes]);
}

function find(turn: Bytes[], keys: Point[] = [], before: Bytes[] = []) {
  return findCurveSignatures({ turn, pieces: captured([...before, ...turn]).pieces, keys, texts: [TEXT] });
}

for (const [curve, hash] of [
  ["P-256", "sha256"],
  ["P-384", "sha384"],
  ["P-521", "sha512"],
] as const) {
  for (const [form, encoding] of [
    ["raw", "ieee-p1363"],
    ["DER", "der"],
  ] as const) {
    test(`findCurveSignatures finds ECDSA on ${curve}, ${form}, over a ciphertext`, () => {
      const { privateKey, point } = keyPair(curve);
      const ciphertext = noise(`${curve} ${form}`, 90);
      const turn = [frame(ciphertext), frame(signature(privateKey, ciphertext, hash, encoding))];
      const [found, ...others] = find(turn, [point]);
      assert.equal([found?.curve, found?.form, others.length], [curve, form, 0]);
    });
  }
}

test("findCurveSignatures finds Ed25519 in JSON, over two fields in base64, by a bare point", () => {
  const { privateKey, point } = keyPair("Ed25519");
  const [key, data] = [noise("k", 60), noise("d", 70)].map((part) => Buffer.from(part).toString("base64"));
  const made = signature(privateKey, encodeUtf8(`${key}${data}`), null);
  const turn = encodeUtf8(JSON.stringify({ key, data, signature: Buffer.from(made).toString("base64") }));
  const [found] = find([turn], [], [frame(point.bytes)]);
  assert.is(found?.curve, "Ed25519");
});

test("findCurveSignatures finds one over nothing but the text", () => {
  const { privateKey, point } = keyPair("P-256");
  const turn = [noise("text", 80), signature(privateKey, encodeUtf8(TEXT), "sha256", "ieee-p1363")];
  assert.is(find(turn, [point])[0]?.curve, "P-256");
});

test("findCurveSignatures takes no random bytes for a signature", () => {
  const { point } = keyPair("P-256");
  const { point: other } = keyPair("Ed25519");
  assert.equal(find([frame(noise("a", 90)), frame(noise("b", 64))], [point, other]), []);
});

test("resignOnCurve makes one of the same form with another key", () => {
  for (const [curve, encoding] of [
    ["P-256", "der"],
    ["P-256", "ieee-p1363"],
    ["Ed25519", "ieee-p1363"],
  ] as const) {
    const { privateKey, publicKey, point } = keyPair(curve);
    const ciphertext = noise(curve, 90);
    const hash = curve === "Ed25519" ? null : "sha256";
    const turn = () => [frame(ciphertext), frame(signature(privateKey, ciphertext, hash, encoding))];
    const [first] = find(turn(), [point]);
    const [second] = find(turn(), [point]);
    assert.ok(first && second && isSameCurvePlace(first, second));
    const live = turn();
    const made = resignOnCurve(live, first);
    assert.ok(made);
    const whole = concat(live);
    assert.is(made.length, whole.length);
    assert.equal(made.slice(0, 98), whole.slice(0, 98));
    assert.not(verify(hash, ciphertext, { key: publicKey, dsaEncoding: encoding }, made.slice(98)));
  }
});

test.run();
