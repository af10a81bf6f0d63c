import os, socket, sys
from mailbox import get, put

open("mailbox.bin", "w").close()
c, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
c.recv(256)
print("Received:", get("c"))
put("s", sys.argv[2])
c.sendall(os.urandom(256))
c.recv(1)
