import os, sys
from cryptography.fernet import Fernet
from pieces import *

key, der = new_key()
address = (sys.argv[1], int(sys.argv[2]))
hello = os.urandom(32) + der
server_hello = ask(address, hello)
session = digest(hello, server_hello)
server = load(server_hello[32:])
fernet_key = Fernet.generate_key()
wrapped, token = server.encrypt(fernet_key, OAEP), Fernet(fernet_key).encrypt(sys.argv[3].encode())
request = wrapped + key.sign(digest(b"C", session, wrapped, token), PSS, hashes.SHA256()) + token
reply = ask(address, request)
server.verify(reply[:256], digest(b"S", session, request, reply[256:]), PSS, hashes.SHA256())
print("Message:", Fernet(fernet_key).decrypt(reply[256:]).decode())
