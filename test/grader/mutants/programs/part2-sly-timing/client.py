import os, socket, sys
from sly import *

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server = serialization.load_der_public_key(receive(sock))
secret = os.urandom(64)
send(sock, server.encrypt(secret, OAEP))
send(sock, seal(secret, b"C", sys.argv[3].encode()))
print("Received:", open_(secret, b"S", receive(sock), careful=True).decode())
