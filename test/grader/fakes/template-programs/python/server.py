import socket, sys

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
c = s.accept()[0]
print(c.recv(65536).decode())
c.sendall(sys.argv[2].encode())
