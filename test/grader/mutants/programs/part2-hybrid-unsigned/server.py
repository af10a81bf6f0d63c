import socket, sys
from cryptography.fernet import Fernet
from wire import *

c, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
f = c.makefile("rw")
key, pem = new_key()
send(f, key=pem)
first = receive(f)
fernet = Fernet(key.decrypt(first["secret"], OAEP))
print("Client:", fernet.decrypt(first["text"]).decode())
send(f, text=fernet.encrypt(sys.argv[2].encode()))
