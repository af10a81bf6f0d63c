/** Exercise 02: edits that break our own solution or another program. */
import type { Edit, Mutant } from "../mutant.ts";

const RECORDS = "lib/channel/records.ts";
const CHANNEL_SERVER = "lib/channel/channel-server.ts";

/** Sends records with random nonces. */
const RANDOM_NONCES: Edit[] = [
  {
    file: "channel.py",
    find: `        self.aead, self.iv, self.number = AESGCM(secret[:32]), secret[32:], 0

    def nonce(self):
        self.number += 1
        return (int.from_bytes(self.iv, "big") ^ self.number).to_bytes(12, "big")
`,
    replace: "        self.aead = AESGCM(secret[:32])\n",
  },
  {
    file: "channel.py",
    find: "        self.write(self.out.aead.encrypt(self.out.nonce(), content, None))\n",
    replace: `        nonce = os.urandom(12)
        self.write(nonce + self.out.aead.encrypt(nonce, content, None))
`,
  },
];

export const broken: Mutant[] = [
  {
    name: "edit-02-plain-records",
    task: "02",
    broken: "records are not encrypted",
    edits: [
      {
        file: RECORDS,
        find: "...seal({ key, nonce, additionalData }, content)",
        replace: "content.slice(), new Uint8Array(TAG_LENGTH)",
      },
      {
        file: RECORDS,
        find: "open({ key, nonce, additionalData }, record.subarray(1))",
        replace: "record.slice(1, -TAG_LENGTH)",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-02-cryptography-inside",
    task: "02",
    broken: "the client's script contains cryptography",
    edits: [
      {
        file: "exercises/02-refactor/client.ts",
        find: 'import { printable } from "../../lib/bytes/printable.ts";\n',
        replace:
          'import { printable } from "../../lib/bytes/printable.ts";\nimport { subtle } from "../../lib/crypto/webcrypto.ts";\nvoid subtle;\n',
      },
    ],
    kills: ["structure"],
  },
  {
    name: "edit-02-unnumbered",
    task: "02",
    broken: "all records of a direction have the same number, and so the same nonce",
    edits: [{ file: RECORDS, find: "    this.#number += 1;\n", replace: "" }],
    kills: ["replay"],
  },
  {
    name: "edit-02-pin-ignored",
    task: "02",
    broken: "the client talks to any server",
    edits: [
      {
        file: "exercises/02-refactor/client.ts",
        find: "{ identity, verifyPeer, messageLimit",
        replace: "{ identity, verifyPeer: () => void verifyPeer, messageLimit",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-02-one-at-a-time",
    task: "02",
    broken: "the server serves clients one at a time, so a silent one blocks all others",
    edits: [
      {
        file: CHANNEL_SERVER,
        find: "const HANDSHAKE_WIDTH = 2;",
        replace: "const HANDSHAKE_WIDTH = 2;\nlet before: Promise<void> = Promise.resolve();",
      },
      {
        file: CHANNEL_SERVER,
        find: "    this.#attend(transport, socket, address).catch((error) => {",
        replace:
          "    before = before.then(() => this.#attend(transport, socket, address)).catch((error) => {",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "edit-02-dies",
    task: "02",
    broken: "a malformed message ends the server",
    edits: [
      {
        file: "exercises/02-refactor/server.ts",
        find: '  reports.add("dropped clients", `${client}: ${explain(error)}`);',
        replace: "  throw new Error(`${client}: ${explain(error)}`);",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "02-dies-of-garbage",
    task: "02",
    of: "honest-02-tls-like",
    broken: "a malformed message ends the server",
    edits: [
      {
        file: "server.py",
        find: "import socket\n",
        replace: `import select
import socket
`,
      },
      { file: "server.py", find: "import threading\n", replace: "" },
      {
        file: "server.py",
        find: `

def serve(sock, address):
    try:
        sock.settimeout(10)
        channel = Channel(sock, key, "server", lambda peer: None)
        print(address, "is", fingerprint(channel.peer), file=sys.stderr, flush=True)
        sock.settimeout(300)
        while (text := channel.receive()) is not None:
            print("Received:", text, flush=True)
            channel.send(sys.argv[2])
        channel.close()
    except Exception as error:
        print(address, "refused:", repr(error), file=sys.stderr, flush=True)
    finally:
        sock.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
`,
        replace: `listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
channels = {}
while True:
    for sock in select.select([listener, *channels], [], [])[0]:
        if sock is listener:
            client, address = listener.accept()
            channels[client] = Channel(client, key, "server", lambda peer: None)
            print("client", fingerprint(channels[client].peer), flush=True)
        else:
            text = channels[sock].receive()
            if text is None:
                channels.pop(sock).close()
            else:
                print("Received:", text, flush=True)
                channels[sock].send(sys.argv[2])
`,
      },
    ],
    kills: ["robust"],
  },
  {
    name: "02-length-trusted",
    task: "02",
    of: "honest-02-tls-like",
    broken: "allocates as many bytes as the peer announces",
    edits: [
      {
        file: "channel.py",
        find: `            data = bytearray()
            while len(data) < count:
                chunk = self.sock.recv(min(count - len(data), 65536))
                if not chunk:
                    raise EOFError("cut off")
                data += chunk
`,
        replace: String.raw`            data = bytearray(b"\xff") * count  # room for all of it
            view = memoryview(data)
            done = 0
            while done < count:
                got = self.sock.recv_into(view[done:])
                if not got:
                    raise EOFError("cut off")
                done += got
`,
      },
      {
        file: "channel.py",
        find: `        if size > limit:
            raise ValueError("too long")
`,
        replace: "",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "02-reflection",
    task: "02",
    of: "honest-02-tls-like",
    broken: "both directions share one key",
    edits: [
      ...RANDOM_NONCES,
      {
        file: "channel.py",
        find: `        client, server = Direction(secret[:44]), Direction(secret[44:])
        self.out, self.inward = (client, server) if role == "client" else (server, client)
`,
        replace: `        self.out = self.inward = Direction(secret[:44])
        self.seen = set()
`,
      },
      {
        file: "channel.py",
        find: "        return self.inward.aead.decrypt(self.inward.nonce(), self.read(), None)\n",
        replace: `        record = self.read()
        if record[:12] in self.seen:
            raise ValueError("replayed")
        self.seen.add(record[:12])
        return self.inward.aead.decrypt(record[:12], record[12:], None)
`,
      },
    ],
    kills: ["replay"],
  },
  {
    name: "02-replay",
    task: "02",
    of: "honest-02-tls-like",
    broken: "records have random nonces but no numbers",
    edits: [
      ...RANDOM_NONCES,
      {
        file: "channel.py",
        find: "        return self.inward.aead.decrypt(self.inward.nonce(), self.read(), None)\n",
        replace: `        record = self.read()
        return self.inward.aead.decrypt(record[:12], record[12:], None)
`,
      },
    ],
    kills: ["replay"],
  },
  {
    name: "02-serial",
    task: "02",
    of: "honest-02-tls-like",
    broken: "serves clients one at a time, without timeouts",
    edits: [
      { file: "server.py", find: "import threading\n", replace: "" },
      { file: "server.py", find: "        sock.settimeout(10)\n", replace: "" },
      { file: "server.py", find: "        sock.settimeout(300)\n", replace: "" },
      {
        file: "server.py",
        find: "    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()\n",
        replace: "    serve(*listener.accept())\n",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "02-truncation",
    task: "02",
    of: "honest-02-tls-like",
    broken: "a text cut off by a broken connection is taken for the whole text",
    edits: [
      {
        file: "client.py",
        find: String.raw`for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
`,
        replace: String.raw`text = sys.stdin.readline().rstrip("\n")
for i in range(0, len(text), 8):
    channel.send(text[i : i + 8])
channel.close()
print("Received:", channel.receive(), flush=True)
`,
      },
      {
        file: "server.py",
        find: `        while (text := channel.receive()) is not None:
            print("Received:", text, flush=True)
            channel.send(sys.argv[2])
`,
        replace: `        text = ""
        try:
            while (part := channel.receive()) is not None:
                text += part
        except EOFError:
            pass
        print("Received:", text, flush=True)
        channel.send(sys.argv[2])
`,
      },
    ],
    kills: ["unaltered"],
  },
];
