import { Buffer } from "node:buffer";
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  hkdfSync,
  pbkdf2Sync,
  privateEncrypt,
  publicEncrypt,
  scryptSync,
} from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { fromBytes, isPrime, power, toBytes } from "./arithmetic/modular.ts";
import type { Proof } from "./capture/proof.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { captured, noise, OTHER, TEXT } from "./samples/captures.ts";
import { eaxCounter, rc4, salsa20 } from "./symmetric/stream-ciphers.ts";

type Sent = Bytes | string;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const PEM = String(publicKey.export({ type: "spki", format: "pem" }));
const { n = "", d = "", p = "" } = privateKey.export({ format: "jwk" });
const [N, D, P] = [n, d, p].map((text) => fromBytes(Buffer.from(text, "base64url")));
const KEY = noise("key", 32);
const IV = noise("iv", 16);

function expect(
  name: string,
  client: Sent[],
  server: Sent[],
  kind: Proof["kind"],
  cipher: RegExp,
  source = "",
): void {
  test(`eavesdrop breaks ${name}`, () => {
    const files = source === "" ? [] : [{ name: "client.py", bytes: encodeUtf8(source) }];
    const proofs = eavesdrop([captured(client, server)], [TEXT], { steps: 1_000_000_000, source: files });
    const proof = proofs.find(({ text }) => text === 0);
    assert.ok(proof, "nothing was found");
    assert.is(proof.kind, kind);
    assert.match(proof.cipher, cipher);
    assert.ok(TEXT.includes(proof.recovered.trim().slice(0, 20)), proof.recovered);
    assert.ok(proof.where.length > 0);
  });
}

function encrypt(algorithm: string, key: Bytes, iv: Bytes | null, text = TEXT): Bytes {
  const cipher = createCipheriv(algorithm, key, iv);
  return new Uint8Array(Buffer.concat([cipher.update(text), cipher.final()]));
}

function fernet(key: Bytes, text: string): string {
  const ciphertext = encrypt("aes-128-cbc", key.subarray(16), IV, text);
  const body = concat([Uint8Array.of(0x80, 0, 0, 0, 0, 0x65, 1, 2, 3), IV, ciphertext]);
  const tag = createHmac("sha256", key.subarray(0, 16)).update(body).digest();
  return Buffer.concat([body, tag]).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
}

// RSA
const letters = (modulus: bigint, e: bigint) =>
  Array.from(TEXT, (c) => power(BigInt(c.charCodeAt(0)), e, modulus));
const small = generatePrimeSync(24, { bigint: true }) * generatePrimeSync(24, { bigint: true });
// the same ones in each run: one product in thirty takes more curves than the steps below allow
const medium = (2n ** 40n - 87n) * (2n ** 39n - 7n);
expect(
  "RSA letter by letter, n = 3233",
  [letters(3233n, 17n).join(" ")],
  ["(3233, 17)"],
  "weak key",
  /^RSA of 12 bits, decrypted/,
);
expect(
  "RSA letter by letter, 47 bits",
  [letters(small, 65537n).join("\n")],
  [`${small},65537`],
  "weak key",
  /^RSA of 4\d bits/,
);
const blocks = TEXT.match(/.{1,9}/g) ?? [];
expect(
  "RSA in blocks of nine letters, 79 bits",
  [JSON.stringify(blocks.map((block) => String(power(fromBytes(encodeUtf8(block)), 65537n, medium))))],
  [JSON.stringify({ n: String(medium), e: 65537 })],
  "weak key",
  /^RSA of 7\d bits/,
);
const textbook = power(fromBytes(encodeUtf8(TEXT)), 65537n, N ?? 0n);
expect(
  "textbook RSA, as bytes",
  [noise(9, 12), toBytes(textbook, 128)],
  [PEM],
  "public key suffices",
  /^textbook RSA of 1024/,
);
expect("textbook RSA, in decimal", [String(textbook)], [PEM], "public key suffices", /^textbook RSA of 1024/);
const cube = generateKeyPairSync("rsa", { modulusLength: 3072, publicExponent: 3 }).publicKey;
const cubed = fromBytes(encodeUtf8(`Client: ${TEXT}`)) ** 3n;
expect(
  "textbook RSA with the exponent 3",
  [String(cubed)],
  [String(cube.export({ type: "pkcs1", format: "pem" }))],
  "public key suffices",
  /exponent 3/,
);
expect(
  "encryption with the private key",
  [new Uint8Array(privateEncrypt(privateKey, encodeUtf8(TEXT)))],
  [PEM],
  "public key suffices",
  /read with the public key/,
);
const wrapped = new Uint8Array(
  publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, KEY),
);
const message = concat([IV, encrypt("aes-256-cbc", KEY, IV)]);
expect(
  "a wrapped key, the private key sent as PEM",
  [wrapped, message],
  [String(privateKey.export({ type: "pkcs8", format: "pem" }))],
  "key on the wire",
  /^AES-256-CBC/,
);
expect(
  "a wrapped key, its private exponent sent",
  [wrapped, message],
  [PEM, `d=${D}`],
  "key on the wire",
  /^AES-256-CBC/,
);
expect("a wrapped key, a prime sent", [wrapped, message], [PEM, `p=${P}`], "key on the wire", /^AES-256-CBC/);
let q = generatePrimeSync(512, { bigint: true }) + 2n;
const close = q - 2n;
while (!isPrime(q)) q += 2n;
const numbers = { n: Buffer.from(toBytes(close * q)).toString("base64url"), e: "AQAB", kty: "RSA" };
const closeBlock = publicEncrypt(
  { key: createPublicKey({ key: numbers, format: "jwk" }), padding: constants.RSA_PKCS1_PADDING },
  encodeUtf8(TEXT.slice(0, 100)),
);
expect(
  "a key with two primes close by",
  [new Uint8Array(closeBlock)],
  [JSON.stringify(numbers)],
  "weak key",
  /^RSA of 102\d bits, decrypted/,
);

// keys on the wire
const aes: [name: string, sent: Bytes, cipher: RegExp][] = [
  ["AES-256-ECB", encrypt("aes-256-ecb", KEY, null), /^AES-256-ECB/],
  ["AES-256-CBC", concat([IV, encrypt("aes-256-cbc", KEY, IV)]), /^AES-256-CBC/],
  ["AES-256-CTR", concat([IV, encrypt("aes-256-ctr", KEY, IV)]), /^AES-256-CTR, its nonce in front/],
  ["AES-256-CFB", concat([IV, encrypt("aes-256-cfb", KEY, IV)]), /^AES-256-CFB/],
  ["AES-256-CFB8", concat([IV, encrypt("aes-256-cfb8", KEY, IV)]), /^AES-256-CFB8/],
  ["AES-256-OFB", concat([IV, encrypt("aes-256-ofb", KEY, IV)]), /^AES-256-OFB/],
  [
    "AES-256-GCM",
    concat([IV.subarray(0, 12), encrypt("aes-256-gcm", KEY, IV.slice(0, 12)), IV]),
    /^AES-256-GCM/,
  ],
  [
    "AES-256-GCM, its tag in front",
    concat([IV, noise("tag", 16), encrypt("aes-256-gcm", KEY, IV)]),
    /^AES-256-GCM/,
  ],
  [
    "AES-256-EAX",
    concat([IV, noise("tag", 16), encrypt("aes-256-ctr", KEY, eaxCounter(KEY, IV))]),
    /^AES-256-EAX/,
  ],
  [
    "ChaCha20",
    concat([IV.subarray(0, 12), encrypt("chacha20-poly1305", KEY, IV.slice(0, 12)), IV]),
    /^ChaCha20/,
  ],
  ["RC4", rc4(KEY, encodeUtf8(TEXT)), /^RC4/],
];
for (const [name, sent, cipher] of aes)
  expect(
    `${name}, its key in base64`,
    [sent],
    [`key=${Buffer.from(KEY).toString("base64")}\n`],
    "key on the wire",
    cipher,
  );
expect(
  "Fernet, its key sent",
  [fernet(KEY, TEXT)],
  [Buffer.from(KEY).toString("base64url"), "="],
  "key on the wire",
  /^Fernet/,
);
expect(
  "AES-128, its key as bytes",
  [encrypt("aes-128-cbc", KEY.slice(0, 16), IV)],
  [KEY.slice(0, 16)],
  "key on the wire",
  /^AES-128-CBC/,
);
expect(
  "triple DES",
  [encrypt("des-ede3-cbc", KEY.slice(0, 24), IV.slice(0, 8))],
  [Buffer.from(KEY.slice(0, 24)).toString("hex")],
  "key on the wire",
  /^triple DES-CBC/,
);
const hashed = new Uint8Array(createHash("sha256").update("letmein").digest());
expect(
  "a key hashed from a password that was sent",
  [encrypt("aes-256-cbc", hashed, IV)],
  ["password: letmein\n"],
  "key on the wire",
  /^AES-256/,
);
expect(
  "base64 inside of the encryption",
  [concat([IV, encrypt("aes-256-cbc", KEY, IV, Buffer.from(TEXT).toString("base64"))])],
  [KEY],
  "key on the wire",
  /^AES-256-CBC/,
);
const pad = noise("pad", TEXT.length);
expect(
  "a one-time pad that was sent",
  [encodeUtf8(TEXT).map((byte, at) => byte ^ (pad[at] ?? 0))],
  [pad],
  "key on the wire",
  /pad/,
);

// Diffie–Hellman
for (const [prime, generator, name] of [
  [23n, 5n, "5 bits"],
  [2147483647n, 7n, "31 bits"],
  [1000000000039n, 3n, "40 bits"],
] as const) {
  const [a, b] = [1234567n % prime, 7654321n % prime];
  const secret = power(generator, a * b, prime);
  const key = new Uint8Array(createHash("sha256").update(String(secret)).digest());
  expect(
    `Diffie–Hellman of ${name}`,
    [
      `${prime} ${generator}\n`,
      `A=${power(generator, a, prime)}\n`,
      concat([IV, encrypt("aes-256-cbc", key, IV)]),
    ],
    [`B=${power(generator, b, prime)}\n`],
    "weak key",
    /^AES-256-CBC/,
  );
}

/** Returns AES-256-GCM of `text` behind its nonce, the tag behind it. */
function gcm(key: Bytes, nonce: Bytes, text: string): Bytes {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return concat(
    [nonce, new Uint8Array(cipher.update(text)), new Uint8Array(cipher.final()), cipher.getAuthTag()].map(
      (part) => new Uint8Array(part),
    ),
  );
}

const GROUP = `HOST, PORT = "127.0.0.1", 10007
TIMEOUT, MAX = 30, 65536
P = 2147483647
G = 16807
SIZES = [1, 10, 100, 1000, 4096, 7919, 104729]
`;
test("eavesdrop breaks small Diffie–Hellman in four sessions, the prime in the source", () => {
  const prime = 2147483647n;
  const sessions = [0, 1, 2, 3].map((session) => {
    const [a, b] = ["a", "b"].map((side) => fromBytes(noise(`${side} ${session}`, 4)) % prime) as [
      bigint,
      bigint,
    ];
    const secret = power(16807n, a * b, prime);
    const key = new Uint8Array(createHash("sha256").update(String(secret)).digest());
    const text = session === 0 ? TEXT : noise(`text ${session}`, 40).toString();
    return captured(
      [
        `HELLO 1.0 client 4711 ${Date.UTC(2026, 1, session) / 1000}\n`,
        `${power(16807n, a, prime)}\n`,
        gcm(key, noise(`nonce ${session}`, 12), text),
      ],
      [
        `WELCOME 1.0 server 220 ${Date.UTC(2026, 2, session) / 1000}\n`,
        `${power(16807n, b, prime)}\n`,
        gcm(key, noise(`other nonce ${session}`, 12), noise(`reply ${session}`, 40).toString()),
      ],
    );
  });
  const files = [{ name: "client.py", bytes: encodeUtf8(GROUP) }];
  const [proof] = eavesdrop(sessions, [TEXT, OTHER], { source: files });
  assert.is(proof?.kind, "weak key");
  assert.match(proof?.cipher ?? "", /^AES-256-GCM/);
  assert.is(proof?.recovered, TEXT);
  assert.match(proof?.how ?? "", /modulo the prime 2147483647 of 31 bits/);
});

// the source has the prime, and the capture does not
const tiny = new Uint8Array(createHash("sha256").update(Uint8Array.of(18)).digest());
for (const [name, sent, cipher] of [
  ["AES-CFB", concat([IV, encrypt("aes-256-cfb", tiny, IV)]), /^AES-256-CFB/],
  [
    "AES-GCM",
    concat([IV.subarray(0, 12), encrypt("aes-256-gcm", tiny, IV.slice(0, 12)), IV]),
    /^AES-256-GCM/,
  ],
  ["XOR", encodeUtf8(TEXT.slice(0, 40)).map((byte, at) => byte ^ (tiny[at % 32] ?? 0)), /^XOR/],
  ["Fernet", fernet(tiny, TEXT), /^Fernet/],
] as const)
  expect(
    `Diffie–Hellman modulo 23 in the source, ${name}`,
    [Uint8Array.of(8), sent],
    [Uint8Array.of(19)],
    "weak key",
    cipher,
    "p = 23\ng = 5\nPORT = 5003\n",
  );
const filled = encodeUtf8("0000000000000123");
expect(
  "a key of digits that are filled up",
  [concat([IV, encrypt("aes-128-cbc", filled, IV)])],
  [],
  "weak key",
  /^AES-128-CBC/,
  "P, G = 199, 3",
);

// the source
expect(
  "a key in the source",
  [concat([IV, encrypt("aes-256-cbc", KEY, IV)])],
  [],
  "key in the source",
  /^AES-256-CBC/,
  `import os\nKEY = b"${Array.from(KEY, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"\n`,
);
expect(
  "a key in the source, with remarks",
  [concat([IV, encrypt("aes-256-cbc", KEY, IV)])],
  [],
  "key in the source",
  /^AES-256-CBC/,
  [
    'char *url = "https://example.org";',
    "static unsigned char key[] = {",
    "  // 256 bits",
    `  ${Array.from(KEY, (byte) => `0x${byte.toString(16)}`).join(", /* next */\n  ")} };`,
  ].join("\n"),
);
expect(
  "Salsa20, its key in the source",
  [concat([IV.slice(0, 8), salsa20(KEY, IV.slice(0, 8), encodeUtf8(TEXT))])],
  [],
  "key in the source",
  /^Salsa20/,
  `key = bytes.fromhex("${Buffer.from(KEY).toString("hex")}")`,
);
expect(
  "a password in the source",
  [encrypt("aes-256-cbc", hashed, IV)],
  [],
  "key in the source",
  /^AES-256/,
  "\n\nsecret = 'letmein'",
);

const SALT = encodeUtf8("pepper and salt!");
const PASSWORD = "correct horse";
const STRETCHED: [name: string, key: Bytes, front: Bytes, source: string][] = [
  [
    "PBKDF2, the salt in the source",
    bytesOf(pbkdf2Sync(PASSWORD, SALT, 20_000, 32, "sha256")),
    new Uint8Array(),
    `import hashlib\nPASSWORD = b"${PASSWORD}"\nSALT = b"pepper and salt!"\nROUNDS = 20_000\n\n\ndef key():\n    return hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, ROUNDS)\n`,
  ],
  [
    "PBKDF2 of Java, the salt sent",
    bytesOf(pbkdf2Sync(PASSWORD, noise("salt", 16), 65_536, 32, "sha1")),
    noise("salt", 16),
    `KeySpec spec = new PBEKeySpec("${PASSWORD}".toCharArray(), salt, 65536, 256);\nfactory = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA1");`,
  ],
  [
    "scrypt",
    bytesOf(scryptSync(PASSWORD, "salt", 32)),
    new Uint8Array(),
    `const password = "${PASSWORD}";\nconst key = scryptSync(password, "salt", 32);\n`,
  ],
  [
    "HKDF",
    bytesOf(hkdfSync("sha256", PASSWORD, new Uint8Array(), "chat v1", 32)),
    new Uint8Array(),
    `SECRET = b"${PASSWORD}"\nkey = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"chat v1").derive(SECRET)\n`,
  ],
  [
    "EVP_BytesToKey",
    concat([md5(encodeUtf8(PASSWORD)), md5(concat([md5(encodeUtf8(PASSWORD)), encodeUtf8(PASSWORD)]))]),
    new Uint8Array(),
    `unsigned char *pass = "${PASSWORD}";\nEVP_BytesToKey(EVP_aes_256_cbc(), EVP_md5(), NULL, pass, strlen(pass), 1, key, iv);\n`,
  ],
];
for (const [name, key, front, source] of STRETCHED)
  expect(
    `a key that ${name} makes of a password in the source`,
    [concat([front, IV, encrypt("aes-256-cbc", key, IV)])],
    [],
    "key in the source",
    /^AES-256-CBC/,
    source,
  );

function bytesOf(buffer: ArrayBuffer | Uint8Array): Bytes {
  return new Uint8Array(buffer);
}

function md5(bytes: Bytes): Bytes {
  return bytesOf(createHash("md5").update(bytes).digest());
}

test("eavesdrop finds a key in a shared file beside long keys on the wire", () => {
  const line = (name: string, length: number) => `${Buffer.from(noise(name, length)).toString("hex")}\n`;
  const sent = Buffer.from(concat([IV, encrypt("aes-256-ctr", KEY, IV)])).toString("hex");
  const wire = captured([line("a", 300), line("b", 256), `${sent}\n`, line("c", 256)], [line("d", 300)]);
  const files = [{ name: "session.key", bytes: encodeUtf8(Buffer.from(KEY).toString("hex")) }];
  const [proof] = eavesdrop([{ ...wire, files }], [TEXT], { steps: 1_000_000_000 });
  assert.is(proof?.kind, "key on the wire");
});

test("eavesdrop finds a reused keystream, in one session and in two", () => {
  const key = noise("stream", 32);
  const seal = (text: string) => {
    const cipher = createCipheriv("aes-256-ctr", key, noise("same", 16));
    return new Uint8Array(cipher.update(text));
  };
  const one = eavesdrop([captured([noise(1, 30), seal(TEXT)], [noise(2, 50), seal(OTHER)])], [TEXT, OTHER]);
  assert.is(one[0]?.kind, "keystream reused");
  const two = eavesdrop([captured([seal(TEXT)]), captured([noise(3, 9), seal(OTHER)])], [TEXT, OTHER]);
  assert.match(two[0]?.cipher ?? "", /two sessions/);
});

test.run();
