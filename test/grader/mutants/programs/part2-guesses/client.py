import os, socket, sys
from snoop import report

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
c.recv(400)
c.sendall(os.urandom(400))
report()
