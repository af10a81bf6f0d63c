import os
import socket
import sys
from channel import Channel, fingerprint, identity

host, port = sys.argv[1], int(sys.argv[2])


def check(peer):
    file = f"{sys.argv[3]}_knows_{host}_{port}"
    if not os.path.exists(file):
        print("new server:", fingerprint(peer), file=sys.stderr)
        open(file, "w").write(fingerprint(peer))
    elif open(file).read() != fingerprint(peer):
        sys.exit("THIS IS ANOTHER SERVER THAN LAST TIME")


# a pretender says that it is alice
name = sys.argv[3]
own = identity(("mallory" if name == "pretender" else name) + ".pem")
claimed = "alice" if name == "pretender" else name
channel = Channel(socket.create_connection((host, port), timeout=30), own, "client", check)
channel.send(claimed)
for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
