/** Whole programs that are broken, in `programs`: written as students write, and some to fool whoever grades them. */
import type { Mutant } from "./mutant.ts";

const PART1: Mutant[] = [
  mutant("part1-plaintext", "no cryptography at all", ["secret"]),
  mutant("part1-base64", "base64, backwards, taken for encryption", ["secret"]),
  mutant("part1-java-shift", "Java; a shift cipher, whose shift is encrypted with RSA", ["secret"]),
  mutant("part1-c-xor", "C; XOR with a word that stands in the source", ["secret"]),
  mutant("part1-per-letter", "each letter to the power of e, modulo a product of two small primes", [
    "secret",
  ]),
  mutant("part1-textbook", "RSA of 2048 bits without padding: whoever guesses the text can check it", [
    "secret",
  ]),
  mutant("part1-exponent-3", "RSA without padding and with the exponent 3: the cube root is the text", [
    "secret",
  ]),
  mutant("part1-rsa-256", "RSA of 256 bits, and the bare signature of the text, which shows that it is RSA", [
    "secret",
    "keys",
  ]),
  mutant(
    "part1-pkcs1-v15",
    "PKCS #1 v1.5, and the bare signature of the text, against which guesses can be checked",
    ["secret"],
  ),
  mutant("part1-no-signature", "OAEP, and nothing is signed: anybody can write", ["authentic"]),
  mutant("part1-private-key-sent", "the server sends its private key", ["secret", "keys"]),
];

const PART2: Mutant[] = [
  mutant("part2-xor-byte", "XOR with one secret byte", ["secret"]),
  mutant("part2-cbc-no-mac", "AES in CBC mode, and neither MAC nor signature", ["unaltered"]),
  mutant("part2-fernet-constant-key", "the Fernet key stands in the source", ["secret"]),
  mutant("part2-fernet-key-in-clear", "the Fernet key is sent ahead of the token", ["secret"]),
  mutant("part2-key-from-nonce", "the Fernet key is the hash of a nonce that is sent in clear", ["secret"]),
  mutant("part2-key-from-time", "the Fernet key is the hash of the time, which is sent in clear", ["secret"]),
  mutant("part2-small-dh", "Diffie-Hellman modulo a prime of 32 bits", ["secret|keys"]),
  mutant("part2-dh-tiny", "Diffie-Hellman modulo 23, which stands in the source", ["secret", "keys"]),
  mutant("part2-same-keys", "both private keys come with the programs, and nothing is fresh", [
    "replay",
    "secret|keys",
  ]),
  mutant("part2-replay-same-connection", "the server takes each message as often as it comes", ["replay"]),
  mutant("part2-replay-new-connection", "the server takes a recorded session again", ["replay"]),
  mutant("part2-reflection", "a token of the client's may come back as the server's", ["replay"]),
  mutant("part2-no-framing", "one recv for each message, and as long as one buffer", ["long", "pieces"]),
  mutant("part2-truncation", "a text ends where the connection ends, wherever that is", ["unaltered"]),
  mutant("part2-unpickle", "pickles from the network are loaded, which runs what they say", ["robust"]),
  mutant("part2-prints-forever", "the server prints for ever once its client has gone", ["robust"]),
  mutant("part2-shared-file", "the texts go through a file that both may see", ["secret|message"], []),
  mutant("part2-hidden-file", "the texts go through files that nobody declared", ["message"], []),
  mutant("part2-guesses", "prints whatever it finds on the machine, and some likely words", ["message"], []),
  mutant("part2-lingers", "leaves processes behind that multiply, and encodes in base85", ["secret"]),
  mutant("part2-fills-disk", "fills the disk before it prints the text, which came in clear", ["secret"], []),
  mutant("part2-floods-output", "prints without end", ["secret|message"], []),
  mutant("part2-sly-timing", "verifies only what arrives slowly", ["unaltered"]),
];

const EXERCISES: Mutant[] = [
  {
    ...mutant("01-key-in-repository", "the private keys come with the programs, for all to read", ["keys"]),
    of: "honest-01-python",
  },
  mutant("01-dh-unauthenticated", "Diffie-Hellman with stored exponents, and nobody compares anything", [
    "peer",
  ]),
  mutant("05-unsigned", "whoever has the server's public key can put a file into anybody's session", [
    "authentic",
  ]),
  mutant("05-replay", "a recorded upload is stored again", ["replay"]),
];

export const broken: Mutant[] = [...PART1, ...PART2, ...EXERCISES];

/** The task is what its name begins with. */
function mutant(name: string, broken: string, kills: string[], passes?: string[]): Mutant {
  const [task = ""] = name.split("-");
  return { name, task, broken, kills, ...(passes && { passes }) };
}
