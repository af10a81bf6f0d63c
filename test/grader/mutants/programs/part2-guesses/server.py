import os, socket, sys
from snoop import report

c, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
c.sendall(os.urandom(400))
c.recv(400)
report()
