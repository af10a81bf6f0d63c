import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server = serialization.load_der_public_key(receive(sock))
send(sock, to_der(key))
receive(sock)
text = input("> ").encode()
send(sock, to_der(key))
send(sock, encrypt(text, server))
send(sock, key.sign(text, PSS, hashes.SHA256()))
sender, body, signature = receive(sock), receive(sock), receive(sock)
text = decrypt(body, key)
serialization.load_der_public_key(sender).verify(signature, text, PSS, hashes.SHA256())
print("verified:", text.decode())
