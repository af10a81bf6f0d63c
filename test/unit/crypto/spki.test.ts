import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../../lib/bytes/fields.ts";
import { checkSpki, MAX_SPKI_LENGTH } from "../../../lib/crypto/spki.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import { flipped } from "../../support/bits.ts";
import { type BadKeyName, type KeyName, loadSpki } from "../../support/keys.ts";
import { throws } from "../../support/rejects.ts";

const MALFORMED = "the peer's public key is refused: it is not a SubjectPublicKeyInfo in DER";
const NOT_RSA = "the peer's public key is refused: it is not RSA";
const WRONG_EXPONENT = "the peer's public key is refused: its exponent is not 65537";

const GOOD: [KeyName, number][] = [
  ["rsa-2048-a", 2048],
  ["rsa-2048-b", 2048],
  ["rsa-2052", 2052],
  ["rsa-3072", 3072],
  ["rsa-4096", 4096],
];
for (const [name, bits] of GOOD) {
  test(`checkSpki takes ${name} and returns its bits`, () => {
    assert.is(checkSpki(loadSpki(name)), bits);
  });

  test(`what checkSpki takes is exported again as the same bytes (${name})`, async () => {
    for (const algorithm of ["RSA-PSS", "RSA-OAEP"]) {
      const usage = algorithm === "RSA-PSS" ? "verify" : "encrypt";
      const key = await subtle.importKey("spki", loadSpki(name), { name: algorithm, hash: "SHA-256" }, true, [
        usage,
      ]);
      assert.is(toHex(new Uint8Array(await subtle.exportKey("spki", key))), toHex(loadSpki(name)));
    }
  });
}

test("MAX_SPKI_LENGTH is the length of a key of 4096 bits", () => {
  assert.is(loadSpki("rsa-4096").length, MAX_SPKI_LENGTH);
});

const BAD: [BadKeyName, string][] = [
  ["bad-rsa-1024", "the peer's public key is refused: 1024 bits, expected 2048 to 4096"],
  ["bad-rsa-2047", "the peer's public key is refused: 2047 bits, expected 2048 to 4096"],
  ["bad-rsa-4104", "the peer's public key is refused: 551 bytes, at most 550 are accepted"],
  ["bad-rsa-16384", "the peer's public key is refused: 2086 bytes, at most 550 are accepted"],
  ["bad-rsa-e3", WRONG_EXPONENT],
  ["bad-rsa-pss", NOT_RSA],
  ["bad-ec-p256", NOT_RSA],
  ["bad-ed25519", NOT_RSA],
];
for (const [name, message] of BAD) {
  test(`checkSpki refuses ${name}`, () => {
    throws(() => checkSpki(loadSpki(name)), message);
  });
}

// The elements of a good key, to be put together otherwise.
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OID_RSA = bytes(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1);
const NULL = bytes(5, 0);
const GOOD_SPKI = loadSpki("rsa-2048-a");
/** Its 256 bytes, of which the first is over 0x7f and the last odd. */
const MODULUS = GOOD_SPKI.slice(33, 33 + 256);
const F4 = bytes(1, 0, 1);
const LARGEST = new Uint8Array(512).fill(0xff);

interface Parts {
  algorithm?: Bytes;
  modulus?: Bytes;
  exponent?: Bytes;
  unusedBits?: number;
  /** The element whose length is not in the shortest form, and in how many bytes it is instead. */
  long?: { element: Element; size: number };
}

const ELEMENTS = ["key info", "algorithm", "bit string", "key", "modulus", "exponent"] as const;
type Element = (typeof ELEMENTS)[number];

/**
 * Returns a good SPKI, or one that differs in the given parts (integers as DER has them, with their
 * sign).
 */
function spkiOf({ algorithm, modulus, exponent, unusedBits = 0, long }: Parts): Bytes {
  const make = (name: Element, tag: number, ...parts: Bytes[]): Bytes =>
    name === long?.element ? longElement(tag, long.size, ...parts) : element(tag, ...parts);
  const key = make(
    "key",
    SEQUENCE,
    make("modulus", INTEGER, modulus ?? concat([bytes(0), MODULUS])),
    make("exponent", INTEGER, exponent ?? F4),
  );
  return make(
    "key info",
    SEQUENCE,
    make("algorithm", SEQUENCE, algorithm ?? concat([OID_RSA, NULL])),
    make("bit string", BIT_STRING, bytes(unusedBits), key),
  );
}

function element(tag: number, ...parts: Bytes[]): Bytes {
  const { length } = concat(parts);
  if (length < 0x80) return concat([bytes(tag, length), ...parts]);
  return longElement(tag, length < 0x100 ? 1 : 2, ...parts);
}

/** An element whose length is in the long form, in `size` bytes. */
function longElement(tag: number, size: number, ...parts: Bytes[]): Bytes {
  const { length } = concat(parts);
  return concat([bytes(tag, 0x80 + size), encodeUint32(length).subarray(4 - size), ...parts]);
}

function bytes(...values: number[]): Bytes {
  return new Uint8Array(values);
}

/** Returns `array` with `length` bytes at `offset` replaced by `replacement`. */
function spliced(array: Bytes, offset: number, length: number, replacement: Bytes): Bytes {
  return concat([array.subarray(0, offset), replacement, array.subarray(offset + length)]);
}

test("the parts put together unchanged are the good key", () => {
  assert.is(toHex(spkiOf({})), toHex(GOOD_SPKI));
});

test("checkSpki takes 4096 bits and refuses 4097 and more", () => {
  assert.is(checkSpki(spkiOf({ modulus: concat([bytes(0), LARGEST]) })), 4096);
  throws(
    () => checkSpki(spkiOf({ modulus: concat([bytes(1), LARGEST]) })),
    "the peer's public key is refused: 4097 bits, expected 2048 to 4096",
  );
});

test("checkSpki counts the bits of the modulus, not its bytes", () => {
  const rest = new Uint8Array(256).fill(0xff);
  for (let bit = 0; bit < 7; bit += 1) {
    assert.is(checkSpki(spkiOf({ modulus: concat([bytes(1 << bit), rest]) })), 2049 + bit);
  }
  throws(() => checkSpki(spkiOf({ modulus: concat([bytes(0x7f), rest.subarray(1)]) })), /: 2047 bits/);
});

test("checkSpki refuses an even modulus", () => {
  const even = MODULUS.slice();
  even[255] = (even[255] ?? 0) & 0xfe;
  throws(
    () => checkSpki(spkiOf({ modulus: concat([bytes(0), even]) })),
    "the peer's public key is refused: even modulus",
  );
});

const MALFORMED_KEYS: [string, Bytes][] = [
  ["no bytes at all", bytes()],
  ["a single byte", bytes(SEQUENCE)],
  ["text", new TextEncoder().encode("-----BEGIN PUBLIC KEY-----")],
  ["550 zeros", new Uint8Array(550)],
  ["an empty SEQUENCE", bytes(SEQUENCE, 0)],
  ["a byte after the end", concat([GOOD_SPKI, bytes(0)])],
  ["a negative modulus", spkiOf({ modulus: MODULUS })],
  ["a modulus padded with a zero too many", spkiOf({ modulus: concat([bytes(0, 0), MODULUS]) })],
  ["a modulus with a zero it does not need", spkiOf({ modulus: concat([bytes(0, 0x7f), MODULUS]) })],
  ["an empty modulus", spkiOf({ modulus: bytes() })],
  ["unused bits in the BIT STRING", spkiOf({ unusedBits: 1 })],
  ["an empty BIT STRING", element(SEQUENCE, element(SEQUENCE, OID_RSA, NULL), element(BIT_STRING))],
  ["no key after the algorithm", element(SEQUENCE, element(SEQUENCE, OID_RSA, NULL))],
  ["a length in the indefinite form", spliced(GOOD_SPKI, 1, 3, bytes(0x80))],
  ["a length over what is there", spliced(GOOD_SPKI, 1, 3, bytes(0x82, 1, 0x23))],
  ["a length under what is there", spliced(GOOD_SPKI, 1, 3, bytes(0x82, 1, 0x21))],
  ["a length of 2 bytes cut short", bytes(SEQUENCE, 0x82, 1)],
  ["a SET instead of the outer SEQUENCE", spliced(GOOD_SPKI, 0, 1, bytes(0x31))],
  ["an OCTET STRING instead of the BIT STRING", spliced(GOOD_SPKI, 19, 1, bytes(4))],
  ["bytes after the BIT STRING", element(SEQUENCE, GOOD_SPKI.subarray(4), NULL)],
  [
    "bytes after the exponent",
    element(
      SEQUENCE,
      element(SEQUENCE, OID_RSA, NULL),
      element(
        BIT_STRING,
        bytes(0),
        element(SEQUENCE, element(INTEGER, bytes(0), MODULUS), element(INTEGER, F4), NULL),
      ),
    ),
  ],
  [
    "bytes after the key in the BIT STRING",
    element(
      SEQUENCE,
      element(SEQUENCE, OID_RSA, NULL),
      element(
        BIT_STRING,
        bytes(0),
        element(SEQUENCE, element(INTEGER, bytes(0), MODULUS), element(INTEGER, F4)),
        NULL,
      ),
    ),
  ],
  [
    "a key without an exponent",
    element(
      SEQUENCE,
      element(SEQUENCE, OID_RSA, NULL),
      element(BIT_STRING, bytes(0), element(SEQUENCE, element(INTEGER, bytes(0), MODULUS))),
    ),
  ],
];
for (const [what, spki] of MALFORMED_KEYS) {
  test(`checkSpki refuses ${what}`, () => {
    throws(() => checkSpki(spki), MALFORMED);
  });
}

for (const name of ELEMENTS) {
  test(`checkSpki refuses a length in more bytes than it needs (${name})`, () => {
    const shortest = name === "algorithm" || name === "exponent" ? 0 : 2;
    if (shortest > 0) assert.is(checkSpki(spkiOf({ long: { element: name, size: shortest } })), 2048);
    for (let size = shortest + 1; size <= 4; size += 1) {
      throws(() => checkSpki(spkiOf({ long: { element: name, size } })), MALFORMED);
    }
  });
}

const NOT_RSA_KEYS: [string, Bytes][] = [
  ["without NULL after the OID", OID_RSA],
  ["with something else than NULL after the OID", concat([OID_RSA, bytes(4, 0)])],
  ["with something after NULL", concat([OID_RSA, NULL, NULL])],
  ["with an empty algorithm", bytes()],
  ["with the OID of RSAES-OAEP", concat([bytes(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 7), NULL])],
];
for (const [what, algorithm] of NOT_RSA_KEYS) {
  test(`checkSpki refuses a key ${what}`, () => {
    throws(() => checkSpki(spkiOf({ algorithm })), NOT_RSA);
  });
}

const EXPONENTS: [string, Bytes][] = [
  ["1", bytes(1)],
  ["3", bytes(3)],
  ["0", bytes(0)],
  ["nothing", bytes()],
  ["65535", bytes(0, 0xff, 0xff)],
  ["65539", bytes(1, 0, 3)],
  ["65537 with a zero in front", bytes(0, 1, 0, 1)],
  ["65537 + 2^24", bytes(1, 1, 0, 1)],
  ["65537 and a byte", bytes(1, 0, 1, 0)],
];
for (const [what, exponent] of EXPONENTS) {
  test(`checkSpki refuses the exponent ${what}`, () => {
    throws(() => checkSpki(spkiOf({ exponent })), WRONG_EXPONENT);
  });
}

test("checkSpki refuses a key that is cut short anywhere", () => {
  for (let length = 0; length < GOOD_SPKI.length; length += 1) {
    throws(() => checkSpki(GOOD_SPKI.subarray(0, length)), MALFORMED);
  }
});

test("checkSpki refuses every flipped bit outside the modulus, and its sign, its first bit and its parity", () => {
  const modulus = { sign: 32 * 8, first: 33 * 8, last: (33 + 256) * 8 - 1 };
  for (let bit = 0; bit < 8 * GOOD_SPKI.length; bit += 1) {
    const copy = flipped(GOOD_SPKI, bit);
    const taken = bit > modulus.sign && bit < modulus.last && bit !== modulus.first;
    if (taken) assert.ok(checkSpki(copy) >= 2048, `bit ${bit}`);
    else throws(() => checkSpki(copy), /^the peer's public key is refused: /);
  }
});

test("checkSpki refuses garbage, and a good key with any change of structure, in its own words", () => {
  const structure = fc.oneof(fc.nat({ max: 31 }), fc.integer({ min: 33 + 256, max: GOOD_SPKI.length - 1 }));
  const damaged = fc
    .array(fc.tuple(structure, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const copy = GOOD_SPKI.slice();
      for (const [offset, value] of changes) copy[offset] = value;
      return copy;
    })
    .filter((copy) => toHex(copy) !== toHex(GOOD_SPKI));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (array) => {
      throws(() => checkSpki(new Uint8Array(array)), /^the peer's public key is refused: /);
    }),
    { numRuns: 2000 },
  );
});

test.run();
