import socket, sys

s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(sys.argv[3].encode())
print(s.recv(65536).decode())
