import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
send(sock, to_der(key))
client_der = receive(sock)
client = serialization.load_der_public_key(client_der)
context = to_der(key) + client_der
blocks = []
while block := receive(sock):
    blocks.append(block)
client.verify(receive(sock), context + blocks[0], PSS, hashes.SHA256())
print("Received:", b"".join(decrypt(block, key) for block in blocks).decode(errors="replace"))
answer = sys.argv[2].encode()
body = encrypt(answer, client)
send(sock, body)
send(sock, key.sign(b"reply" + context + body, PSS, hashes.SHA256()))
