/** Part 1: edits that break our own solution or another program. */
import type { Mutant } from "../mutant.ts";
import { keyInSource } from "./key-in-source.ts";

const RSA_MESSAGE = "lib/messages/rsa-message.ts";
const KEYS = "lib/crypto/keys.ts";
const SPKI = "lib/crypto/spki.ts";

const CLIENT_VERIFIES = 'verify(receive(sock), b"reply" + session + reply, server)\n';
const CLIENT_PRINTS = 'print("Received:", decrypt(reply, key).decode())\n';
const SERVER_VERIFIES = 'verify(receive(sock), b"message" + session + body, client)\n';
const SERVER_SIGNS = 'send(sock, sign(b"reply" + session + reply, key))\n';
const SERVER_PRINTS = 'print("Received:", decrypt(body, key).decode())\n';

export const broken: Mutant[] = [
  {
    name: "edit-part1-plaintext",
    task: "part1",
    broken: "messages are signed but not encrypted",
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
    broken: "the signature is sent but not verified",
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
    broken: "the server prints the text before it verifies it",
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
    broken: "keys have 1024 bits",
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
    broken: "the server's private key is in its source, the same in every run",
    edits: keyInSource("part1"),
    kills: ["fresh|keys"],
  },
  {
    name: "part1-signature-unchecked",
    task: "part1",
    of: "honest-part1-signed",
    broken: "signatures are sent and printed, but never verified",
    edits: [
      {
        file: "client.py",
        find: CLIENT_VERIFIES,
        replace: 'print("signature:", receive(sock).hex())\n',
      },
      {
        file: "server.py",
        find: SERVER_VERIFIES,
        replace: 'print("signature:", receive(sock).hex())  # TODO verify\n',
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "part1-shared-keys-unchecked",
    task: "part1",
    of: "honest-part1-shared-keys",
    broken: "the public keys are in shared files, and the server verifies no signature with them",
    edits: [
      {
        file: "server.py",
        find: 'verify(receive(sock), b"message" + session + body, client)\n',
        replace: "receive(sock)\n",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "part1-shared-key-unsigned",
    task: "part1",
    of: "honest-part1-shared-keys",
    broken: "anyone can encrypt with the server's public key, which is in a shared file",
    edits: [
      {
        file: "server.py",
        find: 'verify(receive(sock), b"message" + session + body, client)\n',
        replace: "",
      },
      {
        file: "client.py",
        find: 'send(sock, sign(b"message" + session + body, key))\n',
        replace: "",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "part1-signature-late",
    task: "part1",
    of: "honest-part1-signed",
    broken: "each text is printed before its signature is verified",
    edits: [
      {
        file: "client.py",
        find: CLIENT_VERIFIES + CLIENT_PRINTS,
        replace: CLIENT_PRINTS + CLIENT_VERIFIES,
      },
      {
        file: "server.py",
        find: SERVER_VERIFIES + SERVER_PRINTS,
        replace: SERVER_PRINTS + SERVER_VERIFIES,
      },
    ],
    kills: ["authentic|before-printing"],
  },
  {
    name: "part1-signature-constant",
    task: "part1",
    of: "honest-part1-signed",
    broken: "each side signs a constant greeting, and no message",
    edits: [
      {
        file: "client.py",
        find: "session = to_der(key) + server_der\n",
        replace: `verify(receive(sock), b"I am the server", server)
send(sock, sign(b"I am the client", key))
`,
      },
      { file: "client.py", find: 'send(sock, sign(b"message" + session + body, key))\n', replace: "" },
      { file: "client.py", find: CLIENT_VERIFIES, replace: "" },
      {
        file: "server.py",
        find: "session = client_der + to_der(key)\n",
        replace: `send(sock, sign(b"I am the server", key))
verify(receive(sock), b"I am the client", client)
`,
      },
      { file: "server.py", find: SERVER_VERIFIES, replace: "" },
      { file: "server.py", find: SERVER_SIGNS, replace: "" },
    ],
    kills: ["authentic"],
  },
  {
    name: "part1-signature-own-key",
    task: "part1",
    of: "honest-part1-signed",
    broken: "each message is verified with the key that arrives with it",
    edits: [
      {
        file: "client.py",
        find: `send(sock, body)
send(sock, sign(b"message" + session + body, key))
reply = receive(sock)
verify(receive(sock), b"reply" + session + reply, server)
`,
        replace: `send(sock, to_der(key))
send(sock, body)
send(sock, sign(body, key))
sender, reply, signature = receive(sock), receive(sock), receive(sock)
verify(signature, reply, from_der(sender))
`,
      },
      {
        file: "server.py",
        find: `body = receive(sock)
verify(receive(sock), b"message" + session + body, client)
`,
        replace: `sender, body, signature = receive(sock), receive(sock), receive(sock)
verify(signature, body, from_der(sender))
`,
      },
      {
        file: "server.py",
        find: `send(sock, reply)
send(sock, sign(b"reply" + session + reply, key))
`,
        replace: `send(sock, to_der(key))
send(sock, reply)
send(sock, sign(reply, key))
`,
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "part1-signature-part",
    task: "part1",
    of: "honest-part1-signed",
    broken: "only the first of many blocks is signed",
    edits: [
      {
        file: "client.py",
        find: `body = encrypt(sys.argv[3].encode(), server)
send(sock, body)
send(sock, sign(b"message" + session + body, key))
`,
        replace: `text = sys.argv[3].encode()
# small blocks, so that the server can show them as they come
blocks = [encrypt(text[i : i + 16], server) for i in range(0, len(text), 16)]
for block in blocks:
    send(sock, block)
send(sock, b"")
send(sock, sign(b"message" + session + blocks[0], key))
`,
      },
      {
        file: "server.py",
        find: `body = receive(sock)
${SERVER_VERIFIES}${SERVER_PRINTS}`,
        replace: `blocks = []
while block := receive(sock):
    blocks.append(block)
verify(receive(sock), b"message" + session + blocks[0], client)
print("Received:", b"".join(decrypt(block, key) for block in blocks).decode(errors="replace"))
`,
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "part1-reply-unsigned",
    task: "part1",
    of: "honest-part1-signed",
    broken: "only the client signs",
    edits: [
      { file: "client.py", find: CLIENT_VERIFIES, replace: "" },
      { file: "server.py", find: SERVER_SIGNS, replace: "" },
    ],
    kills: ["authentic"],
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
    broken: "RSA of 128 bits, which is factored in an instant",
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
