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


key = identity("client.pem")
first = Channel(socket.create_connection((host, port), timeout=30), key, "client", check)
offer = first.receive().split()
if offer == ["busy"]:
    sys.exit("the server is busy, try again later")
talk = socket.create_connection((host, int(offer[1])), timeout=30)
channel = Channel(talk, key, "client", check, preshared=first.exported)
for line in sys.stdin:
    channel.send(line.rstrip("\n"))
    print("Received:", channel.receive(), flush=True)
channel.close()
