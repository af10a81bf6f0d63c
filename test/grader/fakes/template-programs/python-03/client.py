import socket, sys
from cryptography.fernet import Fernet

box = Fernet(b"c2VjcmV0IGtleSBvZiB0aGUgdGVtcGxhdGVzISEhISE=")
host, port, message, name = sys.argv[1:]
s = socket.create_connection((host, int(port)))
keys = open(name + ".pub").read() + " " + open(name + ".key").read()
s.sendall(box.encrypt((keys + " " + message).encode()))
print(box.decrypt(s.recv(65536)).decode())
