import socket, sys

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
c.sendall(sys.argv[3].encode())
print("Received:", c.recv(4096).decode())
