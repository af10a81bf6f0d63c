import socket
from dh import *

text = input("Message: ")
s = socket.socket()
s.connect(("127.0.0.1", 9999))
a = private()
s.send(bytes([pow(G, a, P)]))
B = s.recv(1)[0]
key = derive(pow(B, a, P))
s.sendall(encrypt(key, text))
print("Server says:", decrypt(key, s.recv(65536)))
