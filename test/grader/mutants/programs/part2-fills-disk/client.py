import socket, sys

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = c.makefile("rwb")
f.write(sys.argv[3].encode() + b"\n")
f.flush()
print("Received:", f.readline().strip().decode())
