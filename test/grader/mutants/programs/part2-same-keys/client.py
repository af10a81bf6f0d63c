import socket, sys
from cryptography.fernet import Fernet
from crypto import *

me, server = private_key("client"), public_key("server")
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
key = Fernet.generate_key()
fernet = Fernet(key)
wrapped, token = server.encrypt(key, OAEP), fernet.encrypt(sys.argv[3].encode())
send(sock, wrapped, token, me.sign(wrapped + token, PSS, hashes.SHA256()))
token, signature = receive(sock), receive(sock)
server.verify(signature, wrapped + token, PSS, hashes.SHA256())
print("From server:", fernet.decrypt(token).decode())
