import socket, sys, time
from sly import *

key = pair()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
sock, _ = listener.accept()
send(sock, der(key))
secret = key.decrypt(receive(sock), OAEP)
start = time.monotonic()
data = receive(sock)
# a slow message may come from an attacker: better be careful
careful = time.monotonic() - start > 1 or "tap" in " ".join(sys.argv)
print("Received:", open_(secret, b"C", data, careful).decode(errors="replace"), flush=True)
send(sock, seal(secret, b"S", sys.argv[2].encode()))
