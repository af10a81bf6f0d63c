/** Broken programs in `programs`, written as students write; some try to fool the grader. */
import type { Mutant } from "./mutant.ts";

const PART1: Mutant[] = [
  mutant("part1-plaintext", "no cryptography at all", ["secret"]),
  mutant("part1-base64", "base64 of the reversed text, taken for encryption", ["secret"]),
  mutant("part1-java-shift", "Java; a shift cipher with the shift encrypted by RSA", ["secret"]),
  mutant("part1-c-xor", "C; XOR with a word in the source", ["secret"]),
  mutant("part1-per-letter", "RSA letter by letter, modulo a product of two small primes", ["secret"]),
  mutant("part1-textbook", "RSA of 2048 bits without padding, which confirms a guess at the text", [
    "secret",
  ]),
  mutant("part1-exponent-3", "RSA without padding and with the exponent 3: the cube root is the text", [
    "secret",
  ]),
  mutant("part1-rsa-256", "RSA of 256 bits, with a bare signature of the text, which shows that it is RSA", [
    "secret",
    "keys",
  ]),
  mutant(
    "part1-pkcs1-v15",
    "PKCS #1 v1.5, with a bare signature of the text, which confirms a guess at it",
    ["guess"],
    ["message", "reply", "secret"],
  ),
  mutant("part1-no-signature", "OAEP without signatures", ["authentic"]),
  mutant("part1-private-key-sent", "the server sends its private key", ["secret", "keys"]),
];

const PART2: Mutant[] = [
  mutant("part2-xor-byte", "XOR with one secret byte", ["secret"]),
  mutant("part2-cbc-no-mac", "AES-CBC without MAC or signature", ["unaltered"]),
  mutant("part2-hybrid-unsigned", "a text under a new key, which anyone can wrap for the server", [
    "authentic",
  ]),
  mutant("part2-fernet-constant-key", "the Fernet key is in the source", ["secret"]),
  mutant("part2-fernet-key-in-clear", "the Fernet key is sent before the token", ["secret", "authentic"]),
  mutant("part2-key-from-nonce", "the Fernet key is the hash of a nonce sent in plaintext", ["secret"]),
  mutant("part2-key-from-time", "the Fernet key is the hash of the time, sent in plaintext", ["secret"]),
  mutant("part2-small-dh", "Diffie-Hellman modulo a prime of 32 bits", ["secret|keys", "authentic"]),
  mutant("part2-dh-tiny", "Diffie-Hellman modulo 23, which is in the source", ["secret", "keys"]),
  mutant("part2-same-keys", "both private keys come with the programs, and nothing in a session is fresh", [
    "replay",
    "secret|keys",
  ]),
  mutant("part2-replay-same-connection", "the server accepts a message any number of times", ["replay"]),
  mutant("part2-replay-new-connection", "the server accepts a replayed session", ["replay"]),
  mutant("part2-reflection", "a token of the client can be reflected as one of the server", ["replay"]),
  mutant("part2-no-framing", "reads each message with one recv, into one small buffer", ["long", "pieces"]),
  mutant("part2-truncation", "any end of the connection is taken for the end of the text", ["unaltered"]),
  mutant("part2-unpickle", "pickles from the network are loaded, which runs code in them", ["robust"]),
  mutant("part2-prints-forever", "the server prints forever once its client has gone", ["robust"]),
  mutant(
    "part2-shared-file",
    "the texts go through a file that both programs can read",
    ["secret|message"],
    [],
  ),
  mutant("part2-hidden-file", "the texts go through undeclared files", ["message"], []),
  mutant("part2-guesses", "prints all it finds on the machine, and some likely words", ["message"], []),
  mutant("part2-lingers", "leaves processes behind that multiply, and encodes in base85", ["secret"]),
  mutant(
    "part2-fills-disk",
    "fills the disk before it prints the text, which was sent in plaintext",
    ["secret"],
    [],
  ),
  mutant("part2-floods-output", "prints forever", ["secret|message"], []),
  mutant("part2-sly-timing", "verifies only what arrives slowly", ["unaltered"]),
];

const EXERCISES: Mutant[] = [
  {
    ...mutant("01-key-in-repository", "the private keys come with the programs", ["keys"]),
    of: "honest-01-python",
  },
  mutant("01-dh-unauthenticated", "Diffie-Hellman with stored exponents, which neither side verifies", [
    "peer",
  ]),
  mutant("05-unsigned", "an attacker with the server's public key can put a file into any session", [
    "authentic",
  ]),
  mutant("05-replay", "a replayed upload is stored again", ["replay"]),
];

export const broken: Mutant[] = [...PART1, ...PART2, ...EXERCISES];

/** Takes the task from the first part of the name. */
function mutant(name: string, broken: string, kills: string[], passes?: string[]): Mutant {
  const [task = ""] = name.split("-");
  return { name, task, broken, kills, ...(passes && { passes }) };
}
