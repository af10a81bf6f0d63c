import socket
from dh import *

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 9999))
s.listen(1)
conn, addr = s.accept()
b = private()
conn.send(bytes([pow(G, b, P)]))
A = conn.recv(1)[0]
key = derive(pow(A, b, P))
print("Client says:", decrypt(key, conn.recv(65536)))
conn.sendall(encrypt(key, input("Reply: ")))
