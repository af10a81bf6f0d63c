import socket
from dh import *

s = socket.socket()
s.bind(("127.0.0.1", 12345))
s.listen(1)
reply = input("reply: ")
c, _ = s.accept()
f = c.makefile("rw")
b = exponent()
f.write(f"{P} {G} {pow(G, b, P)}\n")
f.flush()
A = int(f.readline())
key = fernet(pow(A, b, P))
print("GOT", key.decrypt(f.readline().strip().encode()).decode())
f.write(key.encrypt(reply.encode()).decode() + "\n")
f.flush()
