/** Exercise 01: edits that break our own solution or another program. */
import type { Mutant } from "../mutant.ts";

export const broken: Mutant[] = [
  {
    name: "edit-01-pin-ignored",
    task: "01",
    broken: "the client does not compare the server's key with the stored one",
    edits: [
      {
        file: "exercises/01-persisted-keys/client.ts",
        find: "await pinServer(keys, endpoint, server.fingerprint);\n",
        replace: "",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-01-new-keys",
    task: "01",
    broken: "keys are stored, but new ones are used",
    edits: [
      {
        file: "lib/files/key-files.ts",
        find: "  return importIdentity(pkcs8, spki);\n",
        replace: "  return pkcs8 ? (await generateIdentity()).identity : importIdentity(pkcs8, spki);\n",
      },
    ],
    kills: ["persist"],
    passes: ["message"],
  },
  {
    name: "edit-01-readable-key",
    task: "01",
    broken: "all users can read the private keys",
    edits: [
      {
        file: "lib/files/key-files.ts",
        find: "const PRIVATE_MODE = 0o600;",
        replace: "const PRIVATE_MODE = 0o644;",
      },
      { file: "lib/files/small-file.ts", find: "const OTHERS = 0o077;", replace: "const OTHERS = 0;" },
      {
        file: "lib/files/small-file.ts",
        find: "const FOLDER_MODE = 0o700;",
        replace: "const FOLDER_MODE = 0o755;",
      },
    ],
    kills: ["keys"],
  },
  {
    name: "edit-01-clients-unknown",
    task: "01",
    broken: "the server does not compare a client's key with the stored one",
    edits: [
      {
        file: "exercises/01-persisted-keys/server.ts",
        find: 'await pin(join(keys, "known-clients"), hello.name, theirs, host)',
        replace: '(join(keys, "known-clients", host) ? "new" : "known")',
      },
    ],
    kills: ["peer"],
  },
  {
    name: "01-clients-not-known",
    task: "01",
    of: "honest-01-python",
    broken: "the server does not compare its clients' keys",
    edits: [
      {
        file: "server.py",
        find: '        identity.check("client_" + client["name"], client["key"])\n',
        replace: '        print(client["name"], "has written", flush=True)\n',
      },
    ],
    kills: ["peer"],
  },
  {
    name: "01-forgets-key",
    task: "01",
    of: "honest-01-python",
    broken: "keys are stored, but replaced at each start",
    edits: [
      {
        file: "identity.py",
        find: `    file = name + "_key.pem"
    if not os.path.exists(file):
`,
        replace: `    file = name + "_key.pem"
    if True:
`,
      },
      {
        file: "identity.py",
        find: '        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:\n',
        replace:
          '        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:\n',
      },
    ],
    kills: ["persist"],
    passes: ["message"],
  },
  {
    name: "01-key-readable",
    task: "01",
    of: "honest-01-python",
    broken: "all users can read the private key",
    edits: [
      {
        file: "identity.py",
        find: '        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:\n',
        replace: '        with open(file, "wb") as f:\n',
      },
    ],
    kills: ["keys"],
  },
  {
    name: "01-key-unproved",
    task: "01",
    of: "honest-01-python",
    broken: "the pinned key is shown, but an unsigned one is used",
    edits: [
      {
        file: "client.py",
        find: '    identity.verify(server["key"], server["signature"], "server hello", hello, server["nonce"])\n',
        replace: "",
      },
      {
        file: "client.py",
        find: '    wrapped, token = identity.wrap(server["key"], fernet_key), fernet.encrypt(sys.argv[3].encode()).decode()\n',
        replace:
          '    wrapped, token = identity.wrap(server["session_key"], fernet_key), fernet.encrypt(sys.argv[3].encode()).decode()\n',
      },
      {
        file: "client.py",
        find: '    identity.verify(server["key"], reply["signature"], "reply", hello, server["nonce"], signature, reply["token"])\n',
        replace: "",
      },
      {
        file: "server.py",
        find: "from cryptography.fernet import Fernet\n",
        replace: `from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
`,
      },
      {
        file: "server.py",
        find: '        self.send(key=ME, nonce=nonce, signature=identity.sign(KEY, "server hello", hello, nonce))\n',
        replace: `        session_key = rsa.generate_private_key(65537, 2048)  # only for this client
        self.send(key=ME, nonce=nonce, session_key=identity.public(session_key))
`,
      },
      {
        file: "server.py",
        find: "        fernet = Fernet(identity.unwrap(KEY, wrapped))\n",
        replace: "        fernet = Fernet(identity.unwrap(session_key, wrapped))\n",
      },
      {
        file: "server.py",
        find: `        signature = identity.sign(KEY, "reply", hello, nonce, request["signature"], answer)
        self.send(token=answer, signature=signature)
`,
        replace: "        self.send(token=answer)\n",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "01-pin-overwritten",
    task: "01",
    of: "honest-01-python",
    broken: "a changed key replaces the stored one",
    edits: [
      {
        file: "identity.py",
        find: `    """Remembers the key of a peer at the first contact, and compares it later."""
    file = "known_" + peer + ".pem"
    if not os.path.exists(file):
        open(file, "w").write(pem)
        print("first contact with", peer)
    elif open(file).read() != pem:
        raise ValueError("THE KEY OF " + peer + " HAS CHANGED")
`,
        replace: `    """Remembers the key of a peer."""
    file = "known_" + peer + ".pem"
    if os.path.exists(file) and open(file).read() != pem:
        print("note: the key of", peer, "has changed, saving the new one")
    open(file, "w").write(pem)
`,
      },
    ],
    kills: ["peer"],
  },
];
