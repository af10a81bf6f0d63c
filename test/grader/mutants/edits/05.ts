/** Exercise 05: edits that break our own solution, or a file transfer of its own design. */
import type { Edit, Mutant } from "../mutant.ts";

/** Replaces AES-GCM by AES-CTR. */
const WITHOUT_TAG: Edit[] = [
  {
    file: "channel.py",
    find: "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n",
    replace: "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\n",
  },
  {
    file: "channel.py",
    find: `    return hashlib.sha256(spki).hexdigest()


`,
    replace: `    return hashlib.sha256(spki).hexdigest()


class Counter:
    def __init__(self, key):
        self.key = key

    def encrypt(self, nonce, data, _):
        return Cipher(algorithms.AES(self.key), modes.CTR(nonce + bytes(4))).encryptor().update(data)

    decrypt = encrypt


`,
  },
  {
    file: "channel.py",
    find: "        self.aead, self.iv, self.number = AESGCM(secret[:32]), secret[32:], 0\n",
    replace: "        self.aead, self.iv, self.number = Counter(secret[:32]), secret[32:], 0\n",
  },
];

/** How honest-05-python stores a file. */
const STORED_WHOLE = `    """The file gets its name once it is whole."""
    handle, temporary = tempfile.mkstemp(prefix=".part-", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            while piece := channel.receive():
                file.write(piece)
            if piece is None:
                raise EOFError("the file is not whole")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
`;

export const broken: Mutant[] = [
  {
    name: "edit-05-data-in-clear",
    task: "05",
    broken: "data connections are in plaintext although PROT P was agreed on",
    edits: [
      {
        file: "exercises/05-ftp/ftp/server/data-verbs.ts",
        find: "session.isPrivate && encrypted ? encrypted : unprotected(",
        replace: "session.isPrivate && encrypted ? unprotected(session.settings.stall) : unprotected(",
      },
      {
        file: "exercises/05-ftp/x-sml.ts",
        find: 'import type { ClientData, Mechanism, ServerData } from "./protection.ts";\n',
        replace:
          'import { clientData as plainData } from "./ftp/client/data.ts";\nimport type { ClientData, Mechanism, ServerData } from "./protection.ts";\n',
      },
      {
        file: "exercises/05-ftp/x-sml.ts",
        find: "return async (data) => clientData(await connectData(data, key, { timeout }));",
        replace: "return async (data) => plainData(data);",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-05-climbs",
    task: "05",
    broken: "a name with .. climbs out of the user's folder",
    edits: [
      {
        file: "exercises/05-ftp/ftp/storage/path.ts",
        find: '    if (component === "..") components.pop();\n    else if (component',
        replace: "    if (component",
      },
    ],
    kills: ["jail"],
  },
  {
    name: "edit-05-pin-ignored",
    task: "05",
    broken: "the client does not compare the server's key with the stored one",
    edits: [
      {
        file: "exercises/05-ftp/client.ts",
        find: 'const verifyServer = knownServer(isTls ? join(keys, "tls") : keys, address, fingerprint);',
        replace: "const verifyServer = async () => {};",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-05-as-text",
    task: "05",
    broken: "files are sent as text, with network line endings",
    edits: [
      {
        file: "exercises/05-ftp/ftp/client/ftp-client.ts",
        find: 'await this.#expect("TYPE I", 200);',
        replace: 'await this.#expect("TYPE A", 200);',
      },
    ],
    kills: ["contents"],
    // the client notices that a download is not as long as announced
    passes: ["message"],
  },
  {
    name: "edit-05-lists-too-little",
    task: "05",
    broken: "each listing omits the first name",
    edits: [
      {
        file: "exercises/05-ftp/ftp/client/commands.ts",
        find: "for (const entry of sorted) await write(",
        replace: "for (const entry of sorted.slice(1)) await write(",
      },
    ],
    kills: ["list"],
  },
  {
    name: "05-jail-dotdot",
    task: "05",
    of: "honest-05-python",
    broken: "any name is joined to the folder, unchecked",
    edits: [
      {
        file: "server.py",
        find: String.raw`    """The path of a file in the folder itself, and nowhere else."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise PermissionError("no such name")
    path = os.path.join(ROOT, name)
    if os.path.islink(path):
        raise PermissionError("no such file")
    return path
`,
        replace: "    return os.path.join(ROOT, name)\n",
      },
    ],
    kills: ["jail"],
  },
  {
    name: "05-jail-links",
    task: "05",
    of: "honest-05-python",
    broken: "names are checked, but symbolic links are followed",
    edits: [
      {
        file: "server.py",
        find: '    """The path of a file in the folder itself, and nowhere else."""\n',
        replace: "",
      },
      {
        file: "server.py",
        find: `    path = os.path.join(ROOT, name)
    if os.path.islink(path):
        raise PermissionError("no such file")
    return path
`,
        replace: "    return os.path.join(ROOT, name)\n",
      },
    ],
    kills: ["jail"],
  },
  {
    name: "05-names-in-clear",
    task: "05",
    of: "honest-05-python",
    broken: "files are encrypted, commands are not",
    edits: [
      {
        file: "client.py",
        find: "    channel.send(line.encode())\n",
        replace: "    channel.write(line.encode())\n",
      },
      { file: "client.py", find: "channel.close()\n", replace: 'channel.write(b"quit")\n' },
      {
        file: "server.py",
        find: "        while (line := channel.receive()) is not None:\n",
        replace: '        while (line := channel.read()) != b"quit":\n',
      },
      { file: "server.py", find: "        channel.close()\n", replace: "" },
    ],
    kills: ["names"],
  },
  {
    name: "05-no-mac",
    task: "05",
    of: "honest-05-python",
    broken: "files are encrypted with AES-CTR, unauthenticated",
    edits: WITHOUT_TAG,
    kills: ["unaltered"],
  },
  {
    name: "05-other-name",
    task: "05",
    of: "honest-05-python",
    broken: "the server stores an upload under another name",
    edits: [
      {
        file: "server.py",
        find: "            receive_file(channel, path)\n",
        replace: '            receive_file(channel, path + ".new")\n',
      },
    ],
    kills: ["message"],
    passes: [],
  },
  {
    name: "05-stores-elsewhere",
    task: "05",
    of: "honest-05-python",
    broken: "the client stores downloads in another folder",
    edits: [
      {
        file: "client.py",
        find: "        receive_file(channel, os.path.join(FOLDER, os.path.basename(name)))\n",
        replace: "        receive_file(channel, '/tmp/' + os.path.basename(name))\n",
      },
    ],
    kills: ["reply"],
    passes: ["message"],
  },
  {
    name: "05-first-piece",
    task: "05",
    of: "honest-05-python",
    broken: "only the first piece of each file is sent",
    edits: [
      { file: "transfer.py", find: "PIECE = 64 << 10\n", replace: "PIECE = 4 << 10\n" },
      {
        file: "transfer.py",
        find: "    while piece := file.read(PIECE):\n",
        replace: "    if piece := file.read(PIECE):\n",
      },
    ],
    kills: ["long", "contents"],
  },
  {
    name: "05-one-recv",
    task: "05",
    of: "honest-05-python",
    broken: "reads each record with one recv",
    edits: [
      {
        file: "channel.py",
        find: `            data = bytearray()
            while len(data) < count:
                chunk = self.sock.recv(min(count - len(data), 65536))
                if not chunk:
                    raise EOFError("cut off")
                data += chunk
            return bytes(data)
`,
        replace: `            data = self.sock.recv(count)
            if not data:
                raise EOFError("cut off")
            return data
`,
      },
    ],
    kills: ["pieces"],
  },
  {
    name: "05-kept-though-altered",
    task: "05",
    of: "honest-05-python",
    broken: "a file is kept although its digest shows that it was altered",
    edits: [
      ...WITHOUT_TAG,
      { file: "transfer.py", find: "import os\nimport tempfile\n", replace: "import hashlib\n" },
      {
        file: "transfer.py",
        find: `    while piece := file.read(PIECE):
        channel.send(piece)
    channel.send(b"")
`,
        replace: `    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        channel.send(piece)
        digest.update(piece)
    channel.send(b"")
    channel.send(digest.digest())
`,
      },
      {
        file: "transfer.py",
        find: STORED_WHOLE,
        replace: `    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while piece := channel.receive():
            file.write(piece)
            digest.update(piece)
    if channel.receive() != digest.digest():
        raise ValueError("the file was altered")
`,
      },
    ],
    kills: ["before-printing"],
  },
  {
    name: "05-dies-of-garbage",
    task: "05",
    of: "honest-05-python",
    broken: "a malformed message ends the server",
    edits: [
      {
        file: "server.py",
        find: '        print(address, "refused:", repr(error), flush=True)\n',
        replace: "        os._exit(1)\n",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "05-key-in-source",
    task: "05",
    of: "05-replay",
    broken: "all sessions share one key, which is in the source",
    edits: [
      {
        file: "sealed.py",
        find: 'Fernet(open("shared.key", "rb").read())',
        replace: 'Fernet(b"9nDkL3Sxv0pZ0m1Cz0yX2t7Qb4w5uJ6hGf8eRaTyUio=")',
      },
    ],
    kills: ["keys", "secret"],
  },
  {
    name: "05-same-nonce",
    task: "05",
    of: "05-replay",
    broken: "all sessions share one key, and all messages one nonce",
    edits: [
      {
        file: "sealed.py",
        find: `from cryptography.fernet import Fernet

fernet = Fernet(open("shared.key", "rb").read())
`,
        replace: `from base64 import urlsafe_b64decode
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

key = AESGCM(urlsafe_b64decode(open("shared.key", "rb").read()))
NONCE = b"ftp-server-1"
`,
      },
      {
        file: "sealed.py",
        find: "    token = fernet.encrypt(data)\n",
        replace: "    token = key.encrypt(NONCE, data, None)\n",
      },
      {
        file: "sealed.py",
        find: "    return fernet.decrypt(exactly(size))\n",
        replace: "    return key.decrypt(NONCE, exactly(size), None)\n",
      },
    ],
    kills: ["fresh"],
  },
  {
    name: "05-truncation",
    task: "05",
    of: "honest-05-python",
    broken: "any end of the connection is taken for the end of the file",
    edits: [
      {
        file: "transfer.py",
        find: `"""A file over a channel: its pieces, and an empty one at its end."""
import os
import tempfile

PIECE = 64 << 10
`,
        replace: `"""A file over a channel: its pieces, until the connection ends."""
PIECE = 1 << 10
`,
      },
      { file: "transfer.py", find: '    channel.send(b"")\n', replace: "    channel.sock.close()\n" },
      {
        file: "transfer.py",
        find: STORED_WHOLE,
        replace: `    with open(path, "wb") as file:
        try:
            while True:
                file.write(channel.receive())
        except EOFError:
            pass
`,
      },
      {
        file: "server.py",
        find: `            receive_file(channel, path)
            channel.send(b"OK")
`,
        replace: "            receive_file(channel, path)\n",
      },
      {
        file: "server.py",
        find: `        while (line := channel.receive()) is not None:
            command, _, name = line.decode().partition(" ")
            answer(channel, command, name)
        channel.close()
`,
        replace: `        command, _, name = channel.receive().decode().partition(" ")
        answer(channel, command, name)
`,
      },
      {
        file: "client.py",
        find: `def ask(channel, line):
    channel.send(line.encode())
    return expect(channel)


def expect(channel):
    reply = (channel.receive() or b"ERROR it has gone").decode()
    if reply != "OK":
        print("server says:", reply)
    return reply == "OK"


channel = Channel(socket.create_connection((host, port), timeout=30), identity("client.pem"), "client", check)
`,
        replace: `def ask(line):
    """A connection on which the server has agreed to do that."""
    sock = socket.create_connection((host, port), timeout=30)
    channel = Channel(sock, identity("client.pem"), "client", check)
    channel.send(line.encode())
    reply = channel.receive().decode()
    if reply == "OK":
        return channel
    print("server says:", reply)


`,
      },
      { file: "client.py", find: 'ask(channel, "list")', replace: '(channel := ask("list"))' },
      {
        file: "client.py",
        find: '"get" and ask(channel, line)',
        replace: '"get" and (channel := ask(line))',
      },
      { file: "client.py", find: "elif ask(channel, line):", replace: "elif channel := ask(line):" },
      {
        file: "client.py",
        find: `            if expect(channel):
                print("put", name)
channel.close()
`,
        replace: '            print("put", name)\n',
      },
    ],
    kills: ["unaltered"],
  },
];
