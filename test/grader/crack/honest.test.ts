import { Buffer } from "node:buffer";
import { createCipheriv, createHmac, generateKeyPairSync, publicEncrypt } from "node:crypto";
import { deflateSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Budget } from "./capture/budget.ts";
import { type Capture, streamsOf } from "./capture/capture.ts";
import { viewsOf } from "./decode/decodings.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { bytewise, captured, noise, OTHER, TEXT } from "./samples/captures.ts";
import { findEqualBlocks, repeatedText } from "./symmetric/equal-blocks.ts";
import { findEqualMessages } from "./symmetric/equal-messages.ts";

const WORDS =
  "amber bridge candle dolphin ember forest glacier harbor island jungle kettle lantern meadow nectar orchid pepper quartz river saddle timber umbra violet willow yonder zephyr".split(
    " ",
  );
const FOREIGN =
  "welcome to the secure chat server please enter your name and password then press return connection accepted waiting for key exchange".split(
    " ",
  );
/**
 * Far fewer than in use; `npm run grade -- selftest honest` tries honest programs with all of them.
 */
const STEPS = 60_000_000;
const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = String(publicKey.export({ type: "spki", format: "pem" }));

/** Returns words as the grader would choose them. */
function textOf(seed: number): string {
  return Array.from(noise(`text ${seed}`, 16), (byte) => WORDS[byte % WORDS.length]).join(" ");
}

const KINDS: Record<string, (bytes: Bytes) => Bytes | string> = {
  "random bytes": (bytes) => bytes,
  base64: (bytes) => Buffer.from(bytes).toString("base64"),
  "base64 in lines": (bytes) =>
    (
      Buffer.from(bytes)
        .toString("base64")
        .match(/.{1,76}/g) ?? []
    ).join("\n"),
  hexadecimal: (bytes) => Buffer.from(bytes).toString("hex"),
  "a list of numbers": (bytes) => JSON.stringify([...bytes]),
  "decimal numbers": (bytes) => String(BigInt(`0x${Buffer.from(bytes.subarray(0, 900)).toString("hex")}`)),
  "random text": (bytes) => Array.from(bytes, (byte) => FOREIGN[byte % FOREIGN.length]).join(" "),
  zeros: (bytes) => new Uint8Array(bytes.length),
  "numbers in order": (bytes) => bytes.map((_, at) => at & 255),
  "letters in order": (bytes) => "abcdefghijklmnopqrstuvwxyz".repeat(bytes.length / 26),
  "compressed data": (bytes) => new Uint8Array(deflateSync(bytes)),
  "Python's repr": (bytes) =>
    `b'${Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`)).join("")}'`,
};

for (const [name, encode] of Object.entries(KINDS)) {
  test(`eavesdrop finds nothing in ${name}`, () => {
    const capture = captured([encode(noise("c", 1000))], [encode(noise("s", 300))]);
    assert.equal(eavesdrop([capture], [textOf(0), textOf(1)], { steps: STEPS }), []);
  });
}

test("eavesdrop finds nothing in a mebibyte of random bytes, or of base64", () => {
  const bytes = noise("much", 1 << 20);
  for (const sent of [bytes, Buffer.from(bytes).toString("base64")])
    assert.equal(eavesdrop([captured([sent])], [TEXT, OTHER], { steps: STEPS }), []);
});

/** Returns a sound session with Fernet and a wrapped key. */
function honestFernet(seed: number, text: string, reply: string): Capture {
  const key = noise(`fernet key ${seed}`, 32);
  const seal = (plain: string, iv: Bytes) => {
    const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv);
    const body = concat([
      Uint8Array.of(0x80, 0, 0, 0, 0, 0x65, 1, 2, seed),
      iv,
      new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final()])),
    ]);
    const tag = createHmac("sha256", key.subarray(0, 16)).update(body).digest();
    return Buffer.concat([body, tag]).toString("base64url");
  };
  return captured(
    [
      "HELLO 1.0\n",
      JSON.stringify({
        key: publicEncrypt({ key: publicKey, oaepHash: "sha256" }, key).toString("base64"),
        token: seal(text, noise(`iv ${seed}`, 16)),
      }),
    ],
    [PEM, `${seal(reply, noise(`iv' ${seed}`, 16))}\nBYE\n`],
  );
}

/** Returns a sound session with AES-GCM and length-prefixed frames. */
function honestGcm(seed: number, text: string, reply: string): Capture {
  const key = noise(`gcm key ${seed}`, 32);
  const seal = (plain: string, nonce: Bytes) => {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return concat([nonce, new Uint8Array(body), new Uint8Array(cipher.getAuthTag())]);
  };
  const frame = (payload: Bytes) =>
    concat([Uint8Array.of(0, 0, payload.length >> 8, payload.length), payload]);
  const hello = (side: string) => frame(concat([Uint8Array.of(4), noise(`${side} ${seed}`, 64)]));
  return captured(
    [hello("client"), frame(seal(text, noise(`n ${seed}`, 12)))],
    [hello("server"), frame(seal(reply, noise(`n' ${seed}`, 12)))],
  );
}

/** Returns a sound session with ECDH in decimal numbers and AES-GCM in base64. */
function honestBase64(seed: number, text: string, reply: string): Capture {
  const key = noise(`base64 key ${seed}`, 32);
  const seal = (plain: string, nonce: Bytes) => {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const parts = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
    return `${Buffer.concat(parts).toString("base64")}\n`;
  };
  const number = (name: string) => BigInt(`0x${Buffer.from(noise(`${name} ${seed}`, 32)).toString("hex")}`);
  const point = (side: string) => `${number(`${side} x`)} ${number(`${side} y`)}\n`;
  return captured(
    [
      `LOGIN ${17 + seed} 65537\n`,
      point("client"),
      noise(`nonce ${seed}`, 8),
      seal(text, noise(`b ${seed}`, 12)),
    ],
    ["OK 2147483647 7\n", point("server"), noise(`salt ${seed}`, 16), seal(reply, noise(`b' ${seed}`, 12))],
  );
}

/** A source that comes close to what is looked for: primes, and keys made from a password. */
const SOURCE = `PORT = 10007
P, G = 2**31 - 1, 7  # for the random numbers of the game
SALT = b"not a secret"
key = hashlib.pbkdf2_hmac("sha256", getpass("password: ").encode(), SALT, 10_000)
other = scrypt(input("secret: "), salt="not a secret", N=1024, r=8)
key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"chat").derive(shared)
`;

for (const [name, session] of Object.entries({
  Fernet: honestFernet,
  "AES-GCM": honestGcm,
  "ECDH and AES-GCM in base64": honestBase64,
})) {
  test(`eavesdrop finds nothing in honest sessions with ${name}`, () => {
    const texts = Array.from({ length: 6 }, (_, seed) => textOf(100 + seed));
    const captures = [0, 1, 2].map((seed) => session(seed, texts[2 * seed] ?? "", texts[2 * seed + 1] ?? ""));
    const source = [
      { name: "a.py", bytes: encodeUtf8("PORT = 10001\nprint('hello')\nkey = Fernet.generate_key()") },
      { name: "b.py", bytes: encodeUtf8(SOURCE) },
    ];
    assert.equal(eavesdrop(captures, texts, { steps: 2 * STEPS, source }), []);
  });

  test(`findEqualBlocks finds nothing in honest sessions with ${name}`, () => {
    const repeated = repeatedText(noise("repeat", 16));
    const [views = [], ...others] = [repeated, TEXT, OTHER].map((text, seed) =>
      streamsOf(session(seed, text, text)).flatMap((stream) => viewsOf(stream, new Budget())),
    );
    assert.equal(findEqualBlocks(views, others.flat(), new Budget()), []);
  });

  test(`findEqualMessages finds nothing in honest sessions with ${name}`, () => {
    const [first, other, last] = [
      [1, TEXT],
      [2, OTHER],
      [3, TEXT],
    ].map(([seed, text]) => session(Number(seed), String(text), "reply"));
    assert.ok(first && other && last);
    assert.equal(findEqualMessages([first, last], [other], new Budget()), []);
  });
}

test("eavesdrop finds no repetitive text in padding", () => {
  const texts = ["a".repeat(120), repeatedText(noise("repeat", 16))];
  const capture = captured(
    [noise(1, 50), new Uint8Array(800), " ".repeat(500), "0123".repeat(200)],
    ["=".repeat(300)],
  );
  assert.equal(eavesdrop([capture], texts, { steps: STEPS }), []);
});

test("the same steps give the same proofs", () => {
  const capture = captured([noise(1, 3000), bytewise(TEXT, (byte) => byte ^ 3)], [PEM]);
  const search = () =>
    eavesdrop([capture], [TEXT], { steps: 30_000_000 }).map(({ rewrite, ...proof }) => proof);
  assert.equal(search(), search());
});

test.run();
