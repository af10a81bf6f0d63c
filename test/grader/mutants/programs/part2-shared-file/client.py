import os, socket, sys
from mailbox import get, put

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
put("c", sys.argv[3])
c.sendall(os.urandom(256))
c.recv(256)
c.sendall(b".")
print("Received:", get("s"))
