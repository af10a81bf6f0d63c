import os, socket, sys
from drop import get, put

put("reply", sys.argv[2])
c, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
c.recv(300)
print("Received:", get("message"))
c.sendall(os.urandom(300))
