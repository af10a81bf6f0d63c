/** Part 2: other insecure ciphers instead of XOR with one byte. */
import type { Edit, Mutant } from "../mutant.ts";

/** Makes both programs ask for their texts. */
const AT_A_PROMPT: Edit[] = [
  { file: "client.py", find: "message = sys.argv[3]\n", replace: 'message = input("Message > ")\n' },
  { file: "server.py", find: "reply = sys.argv[2]\n", replace: 'reply = input("Reply > ")\n' },
  {
    file: "submission.json",
    find: `      "server": { "command": ["/usr/bin/python3", "server.py", "{port}", "{reply}"] },
      "client": { "command": ["/usr/bin/python3", "client.py", "{host}", "{port}", "{message}"] }
`,
    replace: `      "server": {
        "command": ["/usr/bin/python3", "server.py", "{port}"],
        "stdin": [{ "wait": "> " }, "{reply}"]
      },
      "client": {
        "command": ["/usr/bin/python3", "client.py", "{host}", "{port}"],
        "stdin": [{ "wait": "> " }, "{message}"]
      }
`,
  },
];

export const broken: Mutant[] = [
  {
    name: "part2-nonce-reuse",
    task: "part2",
    of: "part2-xor-byte",
    broken: "AES-CTR with the same nonce for request and reply",
    edits: [
      {
        file: "cipher.py",
        find: `"""XOR with one secret byte."""
import secrets
`,
        replace: `import os
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE = bytes(16)  # the key is new each time, so the nonce need not be
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: "    return os.urandom(32)\n",
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: `    e = Cipher(algorithms.AES(key), modes.CTR(NONCE)).encryptor()
    return e.update(data) + e.finalize()
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-ecb",
    task: "part2",
    of: "part2-xor-byte",
    broken: "AES-ECB, which shows equal blocks",
    edits: [
      {
        file: "cipher.py",
        find: `"""XOR with one secret byte."""
import secrets
`,
        replace: `import os
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: "    return os.urandom(32)\n",
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: `    padder = padding.PKCS7(128).padder()
    data = padder.update(data) + padder.finalize()
    e = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return e.update(data) + e.finalize()
`,
      },
      {
        file: "cipher.py",
        find: "decrypt = encrypt\n",
        replace: `def decrypt(data, key):
    d = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(d.update(data) + d.finalize()) + unpadder.finalize()
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-substitution",
    task: "part2",
    of: "part2-xor-byte",
    broken: "each byte is replaced by another one",
    edits: [
      {
        file: "cipher.py",
        find: `"""XOR with one secret byte."""
import secrets
`,
        replace: `"""Each byte stands for another one: the key is the table."""
import random
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: `    return random.SystemRandom().randbytes(16)


def table(key):
    letters = list(range(256))
    random.Random(key).shuffle(letters)
    return bytes(letters)
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: "    return data.translate(table(key))\n",
      },
      {
        file: "cipher.py",
        find: "decrypt = encrypt\n",
        replace: `def decrypt(data, key):
    t = table(key)
    return bytes(t.index(b) for b in data)
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-xor-repeating",
    task: "part2",
    of: "part2-xor-byte",
    broken: "XOR with eight secret bytes, repeated",
    edits: [
      {
        file: "cipher.py",
        find: `"""XOR with one secret byte."""
import secrets
`,
        replace: `"""XOR with a secret key that is repeated as often as it takes."""
import itertools
import os
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: "    return os.urandom(8)\n",
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: "    return bytes(a ^ b for a, b in zip(data, itertools.cycle(key)))\n",
      },
      ...AT_A_PROMPT,
    ],
    kills: ["secret"],
  },
  {
    name: "part2-vigenere",
    task: "part2",
    of: "part2-xor-byte",
    broken: "Vigenère with a secret word",
    edits: [
      {
        file: "cipher.py",
        find: `"""XOR with one secret byte."""
import secrets
`,
        replace: `"""Vigenere, with a secret word of six letters."""
import random, string

ALPHABET = string.ascii_letters + string.digits
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: `    return "".join(random.SystemRandom().choices(string.ascii_uppercase, k=6)).encode()


def shift(text, key, sign):
    out, i = "", 0
    for c in text:
        if c in ALPHABET:
            k = ord(chr(key[i % len(key)])) - ord("A")
            out += ALPHABET[(ALPHABET.index(c) + sign * k) % len(ALPHABET)]
            i += 1
        else:
            out += c
    return out
`,
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: "    return shift(data.decode(), key, 1).encode()\n",
      },
      {
        file: "cipher.py",
        find: "decrypt = encrypt\n",
        replace: `def decrypt(data, key):
    return shift(data.decode(), key, -1).encode()
`,
      },
      ...AT_A_PROMPT,
    ],
    kills: ["secret"],
  },
  {
    name: "part2-small-dh-in-source",
    task: "part2",
    of: "part2-small-dh",
    broken: "AES-GCM under a Diffie-Hellman secret of 31 bits, its prime only in the source",
    edits: [
      { file: "client.py", find: "map(int, f.readline().split())", replace: "P, G, int(f.readline())" },
      { file: "server.py", find: "{P} {G} {pow(G, b, P)}", replace: "{pow(G, b, P)}" },
      {
        file: "dh.py",
        find: `from cryptography.fernet import Fernet

P = 4294967291  # the largest prime below 2**32
G = 2
`,
        replace: `import os
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

P = 2**31 - 1
G = 16807


class Sealed:
    def __init__(self, key):
        self.aead = AESGCM(key)

    def encrypt(self, data):
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self.aead.encrypt(nonce, data, None))

    def decrypt(self, data):
        data = base64.b64decode(data)
        return self.aead.decrypt(data[:12], data[12:], None)
`,
      },
      {
        file: "dh.py",
        find: "    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(str(number).encode()).digest()))\n",
        replace: "    return Sealed(hashlib.sha256(str(number).encode()).digest())\n",
      },
    ],
    kills: ["secret", "keys"],
  },
  {
    name: "part2-ecb-letters",
    task: "part2",
    of: "part2-ecb",
    broken: "AES-ECB, two letters for each byte",
    edits: [
      {
        file: "cipher.py",
        find: "    return e.update(data) + e.finalize()\n",
        replace: `    data = e.update(data) + e.finalize()
    return bytes(97 + half for byte in data for half in (byte >> 4, byte & 15))
`,
      },
      {
        file: "cipher.py",
        find: "def decrypt(data, key):\n",
        replace: `def decrypt(data, key):
    data = bytes((a - 97) << 4 | b - 97 for a, b in zip(data[::2], data[1::2]))
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-xor-code-points",
    task: "part2",
    of: "part2-xor-byte",
    broken: "XOR of the code points with four large numbers, sent as UTF-8",
    edits: [
      {
        file: "cipher.py",
        find: "    return bytes([secrets.randbelow(255) + 1])\n",
        replace: '    return b" ".join(b"%d" % (2048 + secrets.randbelow(40000)) for _ in range(4))\n',
      },
      {
        file: "cipher.py",
        find: "    return bytes(b ^ key[0] for b in data)\n",
        replace: `    numbers = [int(number) for number in key.split()]
    letters = [chr(ord(c) ^ numbers[i % 4]) for i, c in enumerate(data.decode("utf-8", "surrogatepass"))]
    return "".join(letters).encode("utf-8", "surrogatepass")
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-xor-key-sent",
    task: "part2",
    of: "part2-xor-repeating",
    broken: "XOR with eight bytes that are themselves sent",
    edits: [
      { file: "client.py", find: "wrapped = server_key.encrypt(key, OAEP)\n", replace: "wrapped = key\n" },
      { file: "server.py", find: "key = private_key.decrypt(wrapped, OAEP)\n", replace: "key = wrapped\n" },
    ],
    kills: ["secret", "keys"],
  },
  {
    name: "part2-key-of-password-in-source",
    task: "part2",
    of: "honest-part2-fernet",
    broken: "PBKDF2 makes the Fernet key from a password in the source",
    edits: [
      { file: "client.py", find: "import os\n", replace: "import base64\nimport os\n" },
      {
        file: "client.py",
        find: "from protocol import *\n",
        replace: `from protocol import *

PASSWORD = b"correct horse"
SALT = b"battery staple"
`,
      },
      {
        file: "client.py",
        find: "    fernet_key = Fernet.generate_key()\n",
        replace:
          '    fernet_key = base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", PASSWORD, SALT, 100_000))\n',
      },
    ],
    kills: ["secret", "keys"],
  },
  {
    name: "part2-linear-keystream",
    task: "part2",
    of: "part2-small-dh",
    broken: "XOR with the low bytes of a linear congruential generator, seeded by Diffie-Hellman of 64 bits",
    edits: [
      {
        file: "dh.py",
        find: "P = 4294967291  # the largest prime below 2**32\n",
        replace: "P = 18446744073709551557  # the largest prime below 2**64\n",
      },
      {
        file: "dh.py",
        find: `def fernet(number):
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(str(number).encode()).digest()))
`,
        replace: `class Stream:
    def __init__(self, state):
        self.state = state

    def apply(self, data):
        result = bytearray()
        for byte in data:
            self.state = (6364136223846793005 * self.state + 1442695040888963407) % 2**64
            result.append(byte ^ self.state & 255)
        return bytes(result)

    def encrypt(self, data):
        return self.apply(data).hex().encode()

    def decrypt(self, data):
        return self.apply(bytes.fromhex(data.decode()))


def fernet(number):
    return Stream(number)
`,
      },
    ],
    kills: ["secret"],
  },
];
