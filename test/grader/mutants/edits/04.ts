/** Exercise 04: edits that break our own solution or another program. */
import { PRESHARED } from "../honest.ts";
import type { Mutant } from "../mutant.ts";

export const broken: Mutant[] = [
  {
    name: "edit-04-ports-kept",
    task: "04",
    broken: "a port never returns to the pool",
    edits: [
      {
        file: "exercises/04-port-switching/switchboard.ts",
        find: "      this.#pool.giveBack(port);\n",
        replace: "",
      },
    ],
    kills: ["pool"],
  },
  {
    name: "04-one-port",
    task: "04",
    of: "honest-02-tls-like",
    broken: "the whole exchange uses one port",
    edits: [
      ...PRESHARED,
      {
        file: "client.py",
        find: 'channel = Channel(socket.create_connection((host, port), timeout=30), identity("client.pem"), "client", check)\n',
        replace: `key = identity("client.pem")
first = Channel(socket.create_connection((host, port), timeout=30), key, "client", check)
channel = first
`,
      },
      { file: "submission.json", find: '    "02": {\n', replace: '    "04": {\n' },
    ],
    kills: ["second-port"],
  },
  {
    name: "04-port-in-clear",
    task: "04",
    of: "honest-04-python",
    broken: "the second port is sent in plaintext",
    edits: [
      {
        file: "client.py",
        find: `offer = first.receive().split()
if offer == ["busy"]:
    sys.exit("the server is busy, try again later")
talk = socket.create_connection((host, int(offer[1])), timeout=30)
`,
        replace: `offer = first.sock.makefile("rb").readline().split()
talk = socket.create_connection((host, int(offer[-1])), timeout=30)
`,
      },
      {
        file: "server.py",
        find: `            channel.send(f"port {number:05}")
            channel.close()
`,
        replace: '            sock.sendall(b"go to port %d\\n" % number)\n',
      },
    ],
    kills: ["port-secret"],
  },
  {
    name: "04-port-kept",
    task: "04",
    of: "honest-04-python",
    broken: "a port never returns to the pool",
    edits: [
      {
        file: "server.py",
        find: `        if number is not None:
            pool.put(number)
`,
        replace: "",
      },
    ],
    kills: ["pool"],
  },
  {
    name: "04-second-port-open",
    task: "04",
    of: "honest-04-python",
    broken: "the second port serves the first client that connects",
    edits: [
      {
        file: "client.py",
        find: 'channel = Channel(talk, key, "client", check, preshared=first.exported)\n',
        replace: 'channel = Channel(talk, key, "client", check)\n',
      },
      {
        file: "server.py",
        find: `def admit(sock, peer, secret):
    """Admits the client of the first port, which knows its secret."""

    def same(other):
        if other != peer:
            raise PermissionError("another client")
`,
        replace: `def talk(sock, address, peer, secret):
    """The conversation, on its own port, with a client that knows the secret of the first one."""
`,
      },
      {
        file: "server.py",
        find: `    return Channel(sock, key, "server", same, preshared=secret)


def talk(channel):
    channel.sock.settimeout(300)
`,
        replace: `    channel = Channel(sock, key, "server", lambda peer: None)
    sock.settimeout(300)
`,
      },
      {
        file: "server.py",
        find: `        with sock:
            try:
                channel = admit(sock, peer, secret)
            except Exception as error:
                print(address, "refused:", repr(error), file=sys.stderr, flush=True)
                continue
            listener.close()
            return talk(channel)
`,
        replace: `        listener.close()
        try:
            talk(sock, address, peer, secret)
            return
        except (OSError, EOFError, ValueError, PermissionError) as error:
            print(address, "left:", repr(error), file=sys.stderr, flush=True)
        except Exception as error:
            print(address, "refused:", repr(error), file=sys.stderr, flush=True)
        finally:
            sock.close()
`,
      },
    ],
    kills: ["second-port"],
  },
  {
    name: "04-second-port-plain",
    task: "04",
    of: "honest-04-python",
    broken: "the second port is not encrypted",
    edits: [
      {
        file: "client.py",
        find: String.raw`channel = Channel(talk, key, "client", check, preshared=first.exported)
for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
`,
        replace: String.raw`stream = talk.makefile("rw", encoding="utf-8")
for line in sys.stdin:
    print(line.rstrip("\n"), file=stream, flush=True)
    print("Received:", stream.readline().strip(), flush=True)
`,
      },
      {
        file: "server.py",
        find: `def admit(sock, peer, secret):
    """Admits the client of the first port, which knows its secret."""

    def same(other):
        if other != peer:
            raise PermissionError("another client")

    sock.settimeout(10)
    return Channel(sock, key, "server", same, preshared=secret)


def talk(channel):
    channel.sock.settimeout(300)
    while (text := channel.receive()) is not None:
        print("Received:", text, flush=True)
        channel.send(sys.argv[2])
    channel.close()
`,
        replace: `def talk(sock, address, peer, secret):
    """The conversation, on its own port, with a client that knows the secret of the first one."""

    stream = sock.makefile("rw", encoding="utf-8")
    for line in stream:
        print("Received:", line.strip(), flush=True)
        print(sys.argv[2], file=stream, flush=True)
`,
      },
      {
        file: "server.py",
        find: `        with sock:
            try:
                channel = admit(sock, peer, secret)
            except Exception as error:
                print(address, "refused:", repr(error), file=sys.stderr, flush=True)
                continue
            listener.close()
            return talk(channel)
`,
        replace: `        try:
            talk(sock, address, peer, secret)
            return
        except (OSError, EOFError, ValueError, PermissionError) as error:
            print(address, "left:", repr(error), file=sys.stderr, flush=True)
        except Exception as error:
            print(address, "refused:", repr(error), file=sys.stderr, flush=True)
        finally:
            sock.close()
`,
      },
    ],
    kills: ["secret"],
  },
];
