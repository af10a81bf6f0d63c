import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
answer = input("> ").encode()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()

# mutual authentication: each signs a greeting
send(sock, to_der(key))
send(sock, key.sign(b"I am the server", PSS, hashes.SHA256()))
client = serialization.load_der_public_key(receive(sock))
client.verify(receive(sock), b"I am the client", PSS, hashes.SHA256())
print("client authenticated")

print("received", repr(decrypt(receive(sock), key).decode()))
send(sock, encrypt(answer, client))
