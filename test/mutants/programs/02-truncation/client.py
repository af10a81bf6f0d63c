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
text = sys.stdin.readline().rstrip("\n")
for i in range(0, len(text), 8):
    channel.send(text[i : i + 8])
channel.close()
print("Received:", channel.receive(), flush=True)
