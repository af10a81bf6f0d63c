import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
send(sock, to_der(key))
client = serialization.load_der_public_key(receive(sock))
send(sock, b"ready")
sender, body, signature = receive(sock), receive(sock), receive(sock)
text = decrypt(body, key)
serialization.load_der_public_key(sender).verify(signature, text, PSS, hashes.SHA256())
print("verified:", text.decode())
answer = input("> ").encode()
send(sock, to_der(key))
send(sock, encrypt(answer, client))
send(sock, key.sign(answer, PSS, hashes.SHA256()))
