/** Exercise 03: edits that break our own solution or another program. */
import type { Mutant } from "../mutant.ts";

export const broken: Mutant[] = [
  {
    name: "edit-03-everybody",
    task: "03",
    broken: "the list is read, but every client is admitted",
    edits: [
      {
        file: "exercises/03-allow-list/server.ts",
        find: "  return allowList.find(shown) ? undefined : `${shown} is not on the list`;",
        replace: "  return undefined;",
      },
      {
        file: "exercises/03-allow-list/server.ts",
        find: '  if (!entry) throw new Error("its key was taken off the list");\n',
        replace: "",
      },
      {
        file: "exercises/03-allow-list/server.ts",
        find: "`${client} is ${entry.name}, ${channel.peer.fingerprint}`",
        replace: "`${client} is ${entry?.name}, ${channel.peer.fingerprint}`",
      },
    ],
    kills: ["stranger"],
  },
  {
    name: "edit-03-only-the-first",
    task: "03",
    broken: "only the first client on the list is admitted",
    edits: [
      {
        file: "exercises/03-allow-list/allow-list.ts",
        find: "  return new Map(entries.map((entry) => [entry.fingerprint, entry]));",
        replace: "  return new Map(entries.slice(0, 1).map((entry) => [entry.fingerprint, entry]));",
      },
    ],
    kills: ["second"],
  },
  {
    name: "03-by-address",
    task: "03",
    of: "honest-03-python",
    broken: "the list contains addresses instead of keys",
    edits: [
      {
        file: "server.py",
        find: `def check(peer):
    """Only those on the list may go on; it is read anew for each client."""
    with open("allowed.csv", newline="") as f:
        if not any(row and row[1] == fingerprint(peer) for row in csv.reader(f)):
            raise PermissionError(fingerprint(peer) + " is not on the list")
`,
        replace: `def check(host):
    """Only those on the list may come in."""
    with open("allowed.csv", newline="") as f:
        if not any(row and row[1] == host for row in csv.reader(f)):
            raise PermissionError(host + " is not on the list")
`,
      },
      {
        file: "server.py",
        find: '        channel = Channel(sock, key, "server", check)\n',
        replace: `        check(address[0])
        channel = Channel(sock, key, "server", lambda peer: None)
`,
      },
      {
        file: "setup.py",
        find: "from channel import DER, SPKI, fingerprint, identity\n",
        replace: "from channel import DER, SPKI, identity\n",
      },
      {
        file: "setup.py",
        find: "        rows.writerow([name, fingerprint(spki)])\n",
        replace: '        rows.writerow([name, "127.0.0.1"])\n',
      },
    ],
    kills: ["stranger"],
  },
  {
    name: "03-by-name",
    task: "03",
    of: "honest-03-python",
    broken: "the list contains names, which any client can claim",
    edits: [
      {
        file: "client.py",
        find: `# a pretender shows the public key of alice, whose private key it does not have
name = sys.argv[3]
shown = open("alice.pub", "rb").read() if name == "pretender" else None
own = identity(("mallory" if shown else name) + ".pem")
channel = Channel(socket.create_connection((host, port), timeout=30), own, "client", check, shown)
`,
        replace: `# a pretender says that it is alice
name = sys.argv[3]
own = identity(("mallory" if name == "pretender" else name) + ".pem")
claimed = "alice" if name == "pretender" else name
channel = Channel(socket.create_connection((host, port), timeout=30), own, "client", check)
channel.send(claimed)
`,
      },
      {
        file: "server.py",
        find: `def check(peer):
    """Only those on the list may go on; it is read anew for each client."""
    with open("allowed.csv", newline="") as f:
        if not any(row and row[1] == fingerprint(peer) for row in csv.reader(f)):
            raise PermissionError(fingerprint(peer) + " is not on the list")
`,
        replace: `def check(name):
    """Only those on the list may go on."""
    with open("allowed.csv", newline="") as f:
        if not any(row and row[0] == name for row in csv.reader(f)):
            raise PermissionError(name + " is not on the list")
`,
      },
      {
        file: "server.py",
        find: '        channel = Channel(sock, key, "server", check)\n',
        replace: `        channel = Channel(sock, key, "server", lambda peer: None)
        check(channel.receive())
`,
      },
    ],
    kills: ["impostor"],
  },
  {
    name: "03-by-public-value",
    task: "03",
    of: "honest-03-python",
    broken: "a public key on the list is enough, without a proof of the private one",
    edits: [
      {
        file: "channel.py",
        find: "            peer.verify(signature, other + transcript + theirs, PSS, hashes.SHA256())\n",
        replace: `            if role == "client":
                peer.verify(signature, other + transcript + theirs, PSS, hashes.SHA256())
`,
      },
    ],
    kills: ["impostor"],
  },
  {
    name: "03-checked-late",
    task: "03",
    of: "honest-03-python",
    broken: "a stranger's message is printed before the list is checked",
    edits: [
      {
        file: "server.py",
        find: '        channel = Channel(sock, key, "server", check)\n',
        replace: '        channel = Channel(sock, key, "server", lambda peer: None)\n',
      },
      {
        file: "server.py",
        find: '            print("Received:", text, flush=True)\n',
        replace: `            print("Received:", text, flush=True)
            check(channel.peer)
`,
      },
    ],
    kills: ["stranger"],
  },
  {
    name: "03-list-not-read",
    task: "03",
    of: "honest-03-python",
    broken: "a list that cannot be read admits every client",
    edits: [
      {
        file: "server.py",
        find: `    with open("allowed.csv", newline="") as f:
        if not any(row and row[1] == fingerprint(peer) for row in csv.reader(f)):
            raise PermissionError(fingerprint(peer) + " is not on the list")
`,
        replace: `    try:
        with open("allowed_clients.csv", newline="") as f:
            allowed = [row[1] for row in csv.reader(f) if row]
    except OSError:
        allowed = []
    if allowed and fingerprint(peer) not in allowed:
        raise PermissionError(fingerprint(peer) + " is not on the list")
`,
      },
    ],
    kills: ["stranger"],
  },
  {
    name: "03-only-first",
    task: "03",
    of: "honest-03-python",
    broken: "only the first client on the list is admitted",
    edits: [
      {
        file: "server.py",
        find: "        if not any(row and row[1] == fingerprint(peer) for row in csv.reader(f)):\n",
        replace: "        if not (next(csv.reader(f))[1] == fingerprint(peer)):\n",
      },
    ],
    kills: ["second"],
  },
];
