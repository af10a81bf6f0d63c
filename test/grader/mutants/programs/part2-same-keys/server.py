import socket, sys
from cryptography.fernet import Fernet
from crypto import *

me, client = private_key("server"), public_key("client")
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
wrapped, token, signature = receive(sock), receive(sock), receive(sock)
client.verify(signature, wrapped + token, PSS, hashes.SHA256())
fernet = Fernet(me.decrypt(wrapped, OAEP))
print("From client:", fernet.decrypt(token).decode())
token = fernet.encrypt(sys.argv[2].encode())
send(sock, token, me.sign(wrapped + token, PSS, hashes.SHA256()))
