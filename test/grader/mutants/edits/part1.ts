/** Part 1: our own solution, and programs of others, broken in one place or two. */
import type { Mutant } from "../mutant.ts";
import { keyInSource } from "./key-in-source.ts";

const RSA_MESSAGE = "lib/messages/rsa-message.ts";
const KEYS = "lib/crypto/keys.ts";
const SPKI = "lib/crypto/spki.ts";

export const broken: Mutant[] = [
  {
    name: "edit-part1-plaintext",
    task: "part1",
    broken: "signed, and not encrypted",
    edits: [
      {
        file: RSA_MESSAGE,
        find: "  const capacity = peer.modulusLength - OAEP_OVERHEAD;\n",
        replace: "  if (peer) return signedText;\n  const capacity = 190;\n",
      },
      {
        file: RSA_MESSAGE,
        find: "  if (message.length % own.modulusLength !== 0) throw new Error(NOT_AUTHENTIC);\n",
        replace: "  if (own) return message;\n",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part1-unverified",
    task: "part1",
    broken: "the signature is sent, and nobody verifies it",
    edits: [
      {
        file: RSA_MESSAGE,
        find: "  await verify(peer, signature, [LABEL, direction, session, plaintext]);\n",
        replace: "",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "edit-part1-printed-early",
    task: "part1",
    broken: "the server prints the text, and then verifies it",
    edits: [
      {
        file: "part1/server.ts",
        find: "const text = await verifyText(",
        replace:
          "console.log(`Received message: ${new TextDecoder().decode(signedText.subarray(264))}`);\nconst text = await verifyText(",
      },
      {
        file: "part1/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);\n",
        replace: "console.error(printable(text).length);\n",
      },
    ],
    kills: ["authentic|before-printing"],
  },
  {
    name: "edit-part1-small-keys",
    task: "part1",
    broken: "keys of 1024 bits",
    edits: [
      {
        file: KEYS,
        find: "export const SESSION_KEY_BITS = 2048;",
        replace: "export const SESSION_KEY_BITS = 1024;",
      },
      { file: SPKI, find: "const MIN_MODULUS_BITS = 2048;", replace: "const MIN_MODULUS_BITS = 1024;" },
    ],
    kills: ["keys"],
  },
  {
    name: "edit-part1-key-in-source",
    task: "part1",
    broken: "the server's private key stands in its source, and is the same in each run",
    edits: keyInSource("part1"),
    kills: ["fresh|keys"],
  },
  {
    name: "part1-exponent-1",
    task: "part1",
    of: "part1-exponent-3",
    broken: "RSA with the exponent 1",
    edits: [
      {
        file: "common.py",
        find: `E = 3
BLOCK = 80
`,
        replace: `E = 1
BLOCK = 200
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part1-rsa-128",
    task: "part1",
    of: "part1-rsa-256",
    broken: "RSA of 128 bits, which is factored in no time",
    edits: [{ file: "tinyrsa.py", find: "BITS = 256\n", replace: "BITS = 128\n" }],
    kills: ["secret", "keys"],
  },
  {
    name: "part1-rsa-512-v15",
    task: "part1",
    of: "part1-pkcs1-v15",
    broken: "RSA of 512 bits with PKCS #1 v1.5",
    edits: [
      {
        file: "client.py",
        find: "key = rsa.generate_private_key(public_exponent=65537, key_size=2048)\n",
        replace: "key = rsa.generate_private_key(public_exponent=65537, key_size=512)\n",
      },
      {
        file: "client.py",
        find: "    blocks = [data[i : i + 240] for i in range(0, len(data), 240)]\n",
        replace: "    blocks = [data[i : i + 50] for i in range(0, len(data), 50)]\n",
      },
      {
        file: "client.py",
        find: '    return b"".join(key.decrypt(data[i : i + 256], padding.PKCS1v15()) for i in range(0, len(data), 256))\n',
        replace:
          '    return b"".join(key.decrypt(data[i : i + 64], padding.PKCS1v15()) for i in range(0, len(data), 64))\n',
      },
      {
        file: "server.py",
        find: "key = rsa.generate_private_key(public_exponent=65537, key_size=2048)\n",
        replace: "key = rsa.generate_private_key(public_exponent=65537, key_size=512)\n",
      },
      {
        file: "server.py",
        find: "    blocks = [data[i : i + 240] for i in range(0, len(data), 240)]\n",
        replace: "    blocks = [data[i : i + 50] for i in range(0, len(data), 50)]\n",
      },
      {
        file: "server.py",
        find: '    return b"".join(key.decrypt(data[i : i + 256], padding.PKCS1v15()) for i in range(0, len(data), 256))\n',
        replace:
          '    return b"".join(key.decrypt(data[i : i + 64], padding.PKCS1v15()) for i in range(0, len(data), 64))\n',
      },
    ],
    kills: ["keys"],
  },
];
