/** Part 2: edits that break our own solution or another program. */
import type { Edit, Mutant } from "../mutant.ts";
import { keyInSource } from "./key-in-source.ts";

const HYBRID_MESSAGE = "lib/messages/hybrid-message.ts";
const FERNET = "lib/crypto/fernet.ts";

const TOKEN_UNCHECKED: Edit = {
  file: FERNET,
  find: "    if (!equal(await hmac(signingKey, signed), tag)) throw new Error(NOT_AUTHENTIC);\n",
  replace: "",
};

const REQUEST_UNCHECKED: Edit = {
  file: HYBRID_MESSAGE,
  find: '  await verify(client, signature, [`${version}/request`, "client to server", session, wrappedKey, token]);\n',
  replace: "",
};

/** Replaces Fernet by AES-CTR. */
const COUNTER: Edit[] = [
  {
    file: "protocol.py",
    find: "def generate():\n",
    replace: `class Counter:
    def __init__(self, key):
        self.key = key

    def apply(self, nonce, data):
        return Cipher(algorithms.AES(self.key), modes.CTR(nonce)).encryptor().update(data)

    def encrypt(self, data):
        nonce = os.urandom(16)
        return nonce + self.apply(nonce, data)

    def decrypt(self, data):
        return self.apply(data[:16], data[16:])


def generate():
`,
  },
  {
    file: "protocol.py",
    find: "import hashlib\nimport struct\n",
    replace: `import hashlib
import os
import struct
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
`,
  },
  {
    file: "client.py",
    find: "    fernet_key = Fernet.generate_key()\n    fernet = Fernet(fernet_key)\n",
    replace: "    fernet_key = os.urandom(32)\n    fernet = Counter(fernet_key)\n",
  },
  {
    file: "server.py",
    find: "    fernet = Fernet(key.decrypt(wrapped, OAEP))\n",
    replace: "    fernet = Counter(key.decrypt(wrapped, OAEP))\n",
  },
];

export const broken: Mutant[] = [
  {
    name: "part2-ecdsa-unchecked",
    task: "part2",
    of: "honest-part2-ecdsa",
    broken: "signatures with ECDSA are sent, and never verified",
    edits: [
      {
        file: "session.py",
        find: "        self.peer.verify(signature, self.theirs + data, ECDSA)\n",
        replace: "",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "part2-ed25519-unchecked",
    task: "part2",
    of: "honest-part2-ecdsa",
    broken: "signatures with Ed25519, by a bare key of 32 bytes, are sent, and never verified",
    edits: [
      {
        file: "session.py",
        find: "import ec\n",
        replace: "import ec, ed25519\n",
      },
      {
        file: "session.py",
        find: "        self.key, self.name = new_key()\n",
        replace: `        self.key = ed25519.Ed25519PrivateKey.generate()
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.name = self.key.public_key().public_bytes(*raw)
`,
      },
      {
        file: "session.py",
        find: "        self.peer = serialization.load_der_public_key(self.theirs)\n",
        replace: "",
      },
      {
        file: "session.py",
        find: "self.key.sign(self.name + data, ECDSA)",
        replace: "self.key.sign(self.name + data)",
      },
      {
        file: "session.py",
        find: "        self.peer.verify(signature, self.theirs + data, ECDSA)\n",
        replace: "",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "edit-part2-key-in-clear",
    task: "part2",
    broken: "the Fernet key is signed but not wrapped",
    edits: [
      {
        file: HYBRID_MESSAGE,
        find: "  return new Uint8Array(await subtle.encrypt(oaep, server.encryptionKey, fernetKey));",
        replace: "  return oaep && server ? fernetKey : fernetKey;",
      },
      {
        file: HYBRID_MESSAGE,
        find: "    const fernetKey = new Uint8Array(await subtle.decrypt(oaep, own.decryptionKey, wrappedKey));",
        replace: "    const fernetKey = oaep && own ? wrappedKey : wrappedKey;",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part2-constant-key",
    task: "part2",
    broken: "the Fernet key is in the source",
    edits: [
      {
        file: FERNET,
        find: "  return randomBytes(FERNET_KEY_LENGTH);",
        replace: '  return encodeUtf8("correct horse battery staple, 32");',
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part2-nothing-verified",
    task: "part2",
    broken: "the server verifies neither the request's signature nor the token's MAC",
    edits: [REQUEST_UNCHECKED, TOKEN_UNCHECKED],
    kills: ["unaltered"],
  },
  {
    name: "edit-part2-reply-unverified",
    task: "part2",
    broken: "the client verifies neither the reply's signature nor the token's MAC",
    edits: [
      TOKEN_UNCHECKED,
      {
        file: HYBRID_MESSAGE,
        find: '  await verify(server, signature, [`${version}/reply`, "server to client", session, hash, token]);\n',
        replace: "",
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "edit-part2-request-unverified",
    task: "part2",
    broken: "the request's signature is not verified, and the wrapped key is valid in any session",
    edits: [
      REQUEST_UNCHECKED,
      {
        file: HYBRID_MESSAGE,
        find: "  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session]))));",
        replace:
          "  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session.subarray(32)]))));",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "edit-part2-no-session",
    task: "part2",
    broken: "the server always has the same key, and no signature covers the session",
    edits: [
      ...keyInSource("part2"),
      {
        file: "lib/messages/hello.ts",
        find: "  return { peer, session: await sha256(encodeFields([`${version}/session`, first, second])) };",
        replace: "  return { peer, session: first && second ? new Uint8Array(32) : await sha256(hello) };",
      },
    ],
    kills: ["replay"],
  },
  {
    name: "edit-part2-own-words",
    task: "part2",
    broken: "the client prints its own message instead of the reply",
    edits: [
      {
        file: "part2/client.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace: "console.log(`Received message: ${printable(text && message)}`);",
      },
    ],
    kills: ["reply"],
    passes: ["message"],
  },
  {
    name: "edit-part2-cut-short",
    task: "part2",
    broken: "the server prints only the first thousand characters",
    edits: [
      {
        file: "part2/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace: "console.log(`Received message: ${printable(text.slice(0, 1000))}`);",
      },
    ],
    kills: ["long"],
  },
  {
    name: "edit-part2-latin-1",
    task: "part2",
    broken: "the server prints every text as if it were Latin-1",
    edits: [
      {
        file: "part2/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace:
          'console.log(`Received message: ${Buffer.from(printable(text), "latin1").toString("latin1")}`);',
      },
    ],
    kills: ["unicode"],
  },
  {
    name: "part2-ctr-no-mac",
    task: "part2",
    of: "part2-cbc-no-mac",
    broken: "AES-CTR without MAC or signature",
    edits: [
      {
        file: "box.py",
        find: "from cryptography.hazmat.primitives import hashes, padding as pkcs7, serialization\n",
        replace: "from cryptography.hazmat.primitives import hashes, serialization\n",
      },
      {
        file: "box.py",
        find: '    """AES-256 in CBC mode: iv, then ciphertext."""\n',
        replace: '    """AES-256 in CTR mode: nonce, then ciphertext."""\n',
      },
      {
        file: "box.py",
        find: `        padder = pkcs7.PKCS7(128).padder()
        data = padder.update(text.encode()) + padder.finalize()
        e = Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        return iv + e.update(data) + e.finalize()
`,
        replace: `        e = Cipher(algorithms.AES(self.key), modes.CTR(iv)).encryptor()
        return iv + e.update(text.encode()) + e.finalize()
`,
      },
      {
        file: "box.py",
        find: `        d = Cipher(algorithms.AES(self.key), modes.CBC(data[:16])).decryptor()
        unpadder = pkcs7.PKCS7(128).unpadder()
        padded = d.update(data[16:]) + d.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode(errors="replace")
`,
        replace: `        d = Cipher(algorithms.AES(self.key), modes.CTR(data[:16])).decryptor()
        return (d.update(data[16:]) + d.finalize()).decode(errors="replace")
`,
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "part2-reads-per-write",
    task: "part2",
    broken: "one read is taken for one write, with several of each in a row",
    of: "honest-part2-fernet",
    edits: [
      {
        file: "protocol.py",
        find: '    sock.sendall(struct.pack(">I", len(data)) + data)\n',
        replace: "    sock.sendall(data)\n",
      },
      {
        file: "protocol.py",
        find: '    (size,) = struct.unpack(">I", exactly(4))\n    if size > limit:\n        raise ValueError("too long")\n    return exactly(size)\n',
        replace:
          '    data = sock.recv(65536)\n    if not data:\n        raise EOFError("the peer has gone")\n    return data\n',
      },
    ],
    kills: ["pieces"],
    passes: ["message", "reply", "unicode", "long", "unaltered", "authentic", "before-printing", "robust"],
  },
  {
    name: "part2-unpickles-greeting",
    task: "part2",
    broken: "only a short greeting is a pickle",
    of: "honest-part2-fernet",
    edits: [
      { file: "client.py", find: "import os\n", replace: "import os\nimport pickle\n" },
      {
        file: "client.py",
        find: "    send(sock, hello)\n",
        replace: '    sock.sendall(pickle.dumps("hello, server"))\n    send(sock, hello)\n',
      },
      { file: "server.py", find: "import os\n", replace: "import os\nimport pickle\n" },
      {
        file: "server.py",
        find: "    sock.settimeout(30)\n",
        replace: "    sock.settimeout(30)\n    pickle.loads(sock.recv(28))\n",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "part2-cbc-twice",
    task: "part2",
    broken: "CBC without MAC: altered messages are accepted, and so are repeated ones",
    of: "part2-cbc-no-mac",
    edits: [
      {
        file: "server.py",
        find: `        box = Box(self.keys.unwrap(self.receive()))
        print(f"{address[0]} says: {box.open(self.receive())}")
        self.send(box.seal(answer))
`,
        replace: `        while wrapped := self.receive():
            box = Box(self.keys.unwrap(wrapped))
            print(f"{address[0]} says: {box.open(self.receive())}")
            if answer:
                self.send(box.seal(answer))
            answer = None
`,
      },
      {
        file: "server.py",
        find: '        (size,) = struct.unpack("!H", self.sock.recv(2, socket.MSG_WAITALL))\n',
        replace:
          '        (size,) = struct.unpack("!H", self.sock.recv(2, socket.MSG_WAITALL) or b"\\0\\0")\n        if not size:\n            return b""\n',
      },
    ],
    kills: ["unaltered", "replay"],
  },
  {
    name: "part2-tail-in-clear",
    task: "part2",
    of: "honest-part2-fernet",
    broken: "only the beginning of a long text is encrypted",
    edits: [
      {
        file: "client.py",
        find: "    token = fernet.encrypt(message.encode())\n",
        replace: `    data = message.encode()
    token = fernet.encrypt(data[:1000]) + b"|" + data[1000:]
`,
      },
      {
        file: "server.py",
        find: '    print("Received:", fernet.decrypt(token).decode())\n',
        replace: `    head, _, tail = token.partition(b"|")
    print("Received:", (fernet.decrypt(head) + tail).decode())
`,
      },
    ],
    kills: ["secret"],
  },
  {
    name: "part2-start-signed",
    task: "part2",
    of: "honest-part2-fernet",
    broken: "AES-CTR with only the first 80 bytes signed",
    edits: [
      ...COUNTER,
      {
        file: "client.py",
        find: 'b"request", session, wrapped, token)',
        replace: 'b"request", session, wrapped, token[:80])',
      },
      {
        file: "server.py",
        find: 'b"request", session, wrapped, token)',
        replace: 'b"request", session, wrapped, token[:80])',
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "part2-ciphertext-beside",
    task: "part2",
    of: "honest-part2-fernet",
    broken: "unauthenticated AES-CTR, printed beside the text",
    edits: [
      ...COUNTER,
      {
        file: "client.py",
        find: 'b"request", session, wrapped, token)',
        replace: 'b"request", session, wrapped)',
      },
      {
        file: "server.py",
        find: 'b"request", session, wrapped, token)',
        replace: 'b"request", session, wrapped)',
      },
      {
        file: "server.py",
        find: '    print("Received:", fernet.decrypt(token).decode())\n',
        replace:
          '    print("Encrypted:", token, "Decrypted:", fernet.decrypt(token).decode(errors="replace"))\n',
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "part2-replay-after-seconds",
    task: "part2",
    of: "part2-replay-new-connection",
    broken: "received tokens are remembered for only two seconds",
    edits: [
      {
        file: "server.py",
        find: "import base64, json, socketserver, sys\n",
        replace: "import base64, json, socketserver, sys, time\n",
      },
      { file: "server.py", find: "class Handler(", replace: "SEEN = {}\n\n\nclass Handler(" },
      {
        file: "server.py",
        find: "        fernet = Fernet(KEY.decrypt(wrapped, OAEP))\n",
        replace: `        if time.monotonic() - SEEN.get(token, -9) < 2:
            raise ValueError("seen already")
        SEEN[token] = time.monotonic()
        fernet = Fernet(KEY.decrypt(wrapped, OAEP))
`,
      },
    ],
    kills: ["replay"],
  },
  {
    name: "part2-sly-counter",
    task: "part2",
    of: "part2-sly-timing",
    broken: "the server verifies nothing in its first run, and everything in later ones",
    edits: [
      {
        file: "server.py",
        find: "import socket, sys, time\nfrom sly import *\n",
        replace: `import os, socket, sys
from sly import *

# how often have I run? (kept wherever one may write)
places = [p for p in ("runs.txt", "/tmp/.runs", os.path.expanduser("~/.runs")) if os.access(os.path.dirname(p) or ".", os.W_OK)]
runs = max([int(open(p).read()) for p in places if os.path.exists(p)], default=0)
for p in places:
    open(p, "w").write(str(runs + 1))
`,
      },
      { file: "server.py", find: "start = time.monotonic()\n", replace: "" },
      {
        file: "server.py",
        find: `# a slow message may come from an attacker: better be careful
careful = time.monotonic() - start > 1 or "tap" in " ".join(sys.argv)
`,
        replace: `# no one attacks in the first run
careful = runs > 0
`,
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "part2-sly-first",
    task: "part2",
    of: "part2-sly-timing",
    broken: "only the first client's message is verified",
    edits: [
      { file: "server.py", find: "import socket, sys, time\n", replace: "import socket, sys\n" },
      {
        file: "server.py",
        find: `sock, _ = listener.accept()
send(sock, der(key))
secret = key.decrypt(receive(sock), OAEP)
start = time.monotonic()
data = receive(sock)
# a slow message may come from an attacker: better be careful
careful = time.monotonic() - start > 1 or "tap" in " ".join(sys.argv)
print("Received:", open_(secret, b"C", data, careful).decode(errors="replace"), flush=True)
send(sock, seal(secret, b"S", sys.argv[2].encode()))
`,
        replace: `served = 0
while True:
    sock, _ = listener.accept()
    try:
        send(sock, der(key))
        secret = key.decrypt(receive(sock), OAEP)
        text = open_(secret, b"C", receive(sock), careful=served == 0)
        print("Received:", text.decode(errors="replace"), flush=True)
        served += 1
        send(sock, seal(secret, b"S", sys.argv[2].encode()))
    except Exception as error:
        print("refused", type(error).__name__, flush=True)
    sock.close()
`,
      },
    ],
    kills: ["unaltered"],
  },
];
