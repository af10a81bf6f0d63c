import os, socket, sys
from drop import get, put

put("message", sys.argv[3])
c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
c.sendall(os.urandom(300))
c.recv(300)
print("Received:", get("reply"))
