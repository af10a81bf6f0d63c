import socket, sys
from cryptography.fernet import Fernet
from wire import *

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = c.makefile("rw")
server = serialization.load_pem_public_key(receive(f)["key"])
secret = Fernet.generate_key()
fernet = Fernet(secret)
send(f, secret=server.encrypt(secret, OAEP), text=fernet.encrypt(sys.argv[3].encode()))
print("Server:", fernet.decrypt(receive(f)["text"]).decode())
