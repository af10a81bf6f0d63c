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


# a pretender shows the public key of alice, whose private key it does not have
name = sys.argv[3]
shown = open("alice.pub", "rb").read() if name == "pretender" else None
own = identity(("mallory" if shown else name) + ".pem")
channel = Channel(socket.create_connection((host, port), timeout=30), own, "client", check, shown)
for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
