import socket
from dh import *

message = input("message: ")
c = socket.socket()
c.connect(("127.0.0.1", 12345))
f = c.makefile("rw")
p, g, B = map(int, f.readline().split())
a = exponent()
f.write(f"{pow(g, a, p)}\n")
key = fernet(pow(B, a, p))
f.write(key.encrypt(message.encode()).decode() + "\n")
f.flush()
print("GOT", key.decrypt(f.readline().strip().encode()).decode())
