/**
 * Sound submissions: our own solution, and programs of other designs and languages in `programs`.
 */
import type { Edit, Honest } from "./mutant.ts";

const FIXED = "its texts are in the source, so no others can be tried";

/** The line by which the client of honest-02-tls-like connects. */
const CONNECTS =
  'channel = Channel(socket.create_connection((host, port), timeout=30), identity("client.pem"), "client", check)\n';

/** Lets the channel of honest-02-tls-like take a shared secret, and export another one. */
export const PRESHARED: Edit[] = [
  {
    file: "channel.py",
    find: `    def __init__(self, sock, key, role, check):
        """check is called with the peer's key once it is proved, and may raise."""
`,
    replace: `    def __init__(self, sock, key, role, check, preshared=None):
        """check is called with the peer's key once it is proved, and may raise; preshared is a secret that both must have."""
`,
  },
  {
    file: "channel.py",
    find: `        secret = HKDF(hashes.SHA256(), 88, None, b"handshake" + transcript).derive(shared)
        client, server = Direction(secret[:44]), Direction(secret[44:])
`,
    replace: `        secret = HKDF(hashes.SHA256(), 120, preshared, b"handshake" + transcript).derive(shared)
        self.exported = secret[88:]
        client, server = Direction(secret[:44]), Direction(secret[44:88])
`,
  },
];

export const honest: Honest[] = [
  { name: "our-part1", task: "part1", design: "our own solution", edits: [] },
  { name: "our-part2", task: "part2", design: "our own solution", edits: [] },
  { name: "our-01", task: "01", design: "our own solution", edits: [] },
  { name: "our-02", task: "02", design: "our own solution", edits: [] },
  { name: "our-03", task: "03", design: "our own solution", edits: [] },
  { name: "our-04", task: "04", design: "our own solution", edits: [] },
  { name: "our-05", task: "05", design: "our own solution", edits: [] },
  {
    name: "our-05-tls",
    task: "05",
    design: "our own solution, over TLS",
    edits: [
      {
        file: "exercises/05-ftp/client.ts",
        find: 'const isTls = flags["tls"] !== undefined;',
        replace: "const isTls = true;",
      },
    ],
  },
  program(
    "honest-part1-text",
    "Python; text lines, keys in PEM, messages in base64; asks for its text once it is connected",
  ),
  program("honest-part1-signed", "Python; length-prefixed messages, signatures that cover both public keys"),
  {
    name: "honest-part1-unread-field",
    task: "part1",
    design: "honest-part1-signed with random bytes before each message, which no one reads or signs",
    of: "honest-part1-signed",
    edits: [
      { file: "client.py", find: "import socket, sys\n", replace: "import os, socket, sys\n" },
      {
        file: "client.py",
        find: "send(sock, body)\n",
        replace: "send(sock, os.urandom(48))\nsend(sock, body)\n",
      },
      {
        file: "client.py",
        find: "reply = receive(sock)\n",
        replace: "receive(sock)\nreply = receive(sock)\n",
      },
      { file: "server.py", find: "import socket, sys\n", replace: "import os, socket, sys\n" },
      { file: "server.py", find: "body = receive(sock)\n", replace: "receive(sock)\nbody = receive(sock)\n" },
      {
        file: "server.py",
        find: "send(sock, reply)\n",
        replace: "send(sock, os.urandom(48))\nsend(sock, reply)\n",
      },
    ],
  },
  {
    ...program("honest-part1-shared-keys", "Python; the public keys are in files that both programs read"),
    of: "honest-part1-signed",
  },
  program("honest-part1-slow", "Python; its own primes, OAEP and PSS; takes seconds before it listens"),
  program("honest-part2-fernet", "Python; binary frames, Fernet, a signed transcript"),
  program("honest-part2-ecdsa", "Python; ECDH, AES-GCM, and signatures with ECDSA over P-256"),
  program(
    "honest-part2-one-flight",
    "Python; JSON; the server speaks first, the client sends one flight and half-closes",
  ),
  program("honest-part2-connections", "Python; one connection for the keys, another for the message"),
  program("honest-part2-second-port", "Python; the message goes to a random port of the server"),
  program(
    "honest-part2-chatty",
    "Python; banners, colours, NULs, prompts; prints its own text, and the peer's in capitals too",
  ),
  program("honest-part2-in-source", "Python; texts, port and address in the source; prints bytes as b'...'", {
    unicode: FIXED,
    long: FIXED,
  }),
  {
    name: "honest-part2-shows-bytes",
    task: "part2",
    design: "honest-part2-fernet that prints the token before it verifies it, and an unusual refusal",
    of: "honest-part2-fernet",
    edits: [
      { file: "server.py", find: "import os\n", replace: "import base64\nimport os\n" },
      {
        file: "server.py",
        find: "    client.verify(",
        replace: '    print("Received:", base64.urlsafe_b64decode(token))\n    client.verify(',
      },
      {
        file: "server.py",
        find: '        sys.exit(f"refused: {error!r}")\n',
        replace: '        sys.exit("that is nothing for me, good bye")\n',
      },
    ],
  },
  {
    name: "honest-part2-asks-again",
    task: "part2",
    design: "honest-part2-fernet whose server asks once more if a signature is wrong",
    of: "honest-part2-fernet",
    edits: [
      {
        file: "server.py",
        find: `    wrapped, token, signature = receive(sock), receive(sock), receive(sock)
    client.verify(signature, transcript(b"request", session, wrapped, token), PSS, hashes.SHA256())
`,
        replace: `    wrapped, token, signature = receive(sock), receive(sock), receive(sock)
    try:
        client.verify(signature, transcript(b"request", session, wrapped, token), PSS, hashes.SHA256())
        send(sock, b"ok")
    except InvalidSignature:
        send(sock, b"again")
        wrapped, token, signature = receive(sock), receive(sock), receive(sock)
        client.verify(signature, transcript(b"request", session, wrapped, token), PSS, hashes.SHA256())
`,
      },
      {
        file: "server.py",
        find: "from cryptography.fernet import Fernet\n",
        replace:
          "from cryptography.exceptions import InvalidSignature\nfrom cryptography.fernet import Fernet\n",
      },
      {
        file: "client.py",
        find: `    send(sock, wrapped)
    send(sock, token)
    send(sock, key.sign(transcript(b"request", session, wrapped, token), PSS, hashes.SHA256()))
`,
        replace: `    for _ in range(2):
        send(sock, wrapped)
        send(sock, token)
        send(sock, key.sign(transcript(b"request", session, wrapped, token), PSS, hashes.SHA256()))
        if receive(sock) == b"ok":
            break
`,
      },
    ],
  },
  program("honest-part2-java", "Java; javax.crypto; each signature covers the whole transcript"),
  program("honest-part2-perl", "Perl; RSA and AES with the openssl command"),
  program("honest-01-python", "Python; JSON lines, one stored key that signs and decrypts"),
  program(
    "honest-02-tls-like",
    "Python; ECDH, encrypted signatures, numbered AES-GCM records; a thread per client",
  ),
  program(
    "honest-02-mutual-tls",
    "Python; TLS with pinned certificates on both sides; one client at a time, without a timeout",
    { robust: "it waits for a silent client, and serves no other" },
  ),
  program("honest-02-sodium-like", "Python; X25519, Ed25519, ChaCha20-Poly1305, asyncio"),
  {
    ...program("honest-03-python", "Python; honest-02-tls-like with a list of fingerprints"),
    of: "honest-02-tls-like",
    edits: [
      {
        file: "channel.py",
        find: `    def __init__(self, sock, key, role, check):
        """check is called with the peer's key once it is proved, and may raise."""
`,
        replace: `    def __init__(self, sock, key, role, check, shown=None):
        """check is called with the peer's key once it is proved, and may raise; shown is another public key than our own."""
`,
      },
      {
        file: "channel.py",
        find: "        spki = key.public_key().public_bytes(DER, SPKI)\n",
        replace: "        spki = shown or key.public_key().public_bytes(DER, SPKI)\n",
      },
      {
        file: "client.py",
        find: 'f"known_{host}_{port}"',
        replace: 'f"{sys.argv[3]}_knows_{host}_{port}"',
      },
      {
        file: "client.py",
        find: CONNECTS,
        replace: `# a pretender shows the public key of alice, whose private key it does not have
name = sys.argv[3]
shown = open("alice.pub", "rb").read() if name == "pretender" else None
own = identity(("mallory" if shown else name) + ".pem")
channel = Channel(socket.create_connection((host, port), timeout=30), own, "client", check, shown)
`,
      },
      { file: "server.py", find: "import socket\n", replace: "import csv\nimport socket\n" },
      {
        file: "server.py",
        find: "def serve(",
        replace: `def check(peer):
    """Only those on the list may go on; it is read anew for each client."""
    with open("allowed.csv", newline="") as f:
        if not any(row and row[1] == fingerprint(peer) for row in csv.reader(f)):
            raise PermissionError(fingerprint(peer) + " is not on the list")


def serve(`,
      },
      { file: "server.py", find: "lambda peer: None", replace: "check" },
    ],
  },
  {
    ...program(
      "honest-04-python",
      "Python; honest-02-tls-like with a second port bound to a secret of the first",
    ),
    of: "honest-02-tls-like",
    edits: [
      ...PRESHARED,
      {
        file: "client.py",
        find: CONNECTS,
        replace: `key = identity("client.pem")
first = Channel(socket.create_connection((host, port), timeout=30), key, "client", check)
offer = first.receive().split()
if offer == ["busy"]:
    sys.exit("the server is busy, try again later")
talk = socket.create_connection((host, int(offer[1])), timeout=30)
channel = Channel(talk, key, "client", check, preshared=first.exported)
`,
      },
    ],
  },
  {
    ...program(
      "honest-05-python",
      "Python; honest-02-tls-like with a prompt, and files in records with an end mark",
    ),
    of: "honest-02-tls-like",
    edits: [
      {
        file: "channel.py",
        find: `    def send(self, text):
        self.seal(b"M" + text.encode())
`,
        replace: `    def send(self, data):
        self.seal(b"M" + data)
`,
      },
      { file: "channel.py", find: "Returns the next text, or", replace: "Returns the next message, or" },
      {
        file: "channel.py",
        find: "            return content[1:].decode()\n",
        replace: "            return content[1:]\n",
      },
    ],
  },
  program(
    "honest-05-tls",
    "Python; ftplib over TLS with a certificate and a password; one client call per file",
  ),
];

/** Takes the task from the second part of the name. */
function program(name: string, design: string, loses?: Record<string, string>): Honest {
  const [, task = ""] = name.split("-");
  return { name, task, design, ...(loses && { loses }) };
}
