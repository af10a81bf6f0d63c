import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
text = input("> ").encode()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))

# mutual authentication: each signs a greeting
server = serialization.load_der_public_key(receive(sock))
server.verify(receive(sock), b"I am the server", PSS, hashes.SHA256())
print("server authenticated")
send(sock, to_der(key))
send(sock, key.sign(b"I am the client", PSS, hashes.SHA256()))

send(sock, encrypt(text, server))
print("received", repr(decrypt(receive(sock), key).decode()))
