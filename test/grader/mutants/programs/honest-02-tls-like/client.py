import os
import socket
import sys
from channel import Channel, fingerprint, identity

host, port = sys.argv[1], int(sys.argv[2])


def check(peer):
    file = f"known_{host}_{port}"
    if not os.path.exists(file):
        print("new server:", fingerprint(peer), file=sys.stderr)
        open(file, "w").write(fingerprint(peer))
    elif open(file).read() != fingerprint(peer):
        sys.exit("THIS IS ANOTHER SERVER THAN LAST TIME")


channel = Channel(socket.create_connection((host, port), timeout=30), identity("client.pem"), "client", check)
for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
