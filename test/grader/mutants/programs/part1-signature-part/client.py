import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server_der = receive(sock)
server = serialization.load_der_public_key(server_der)
send(sock, to_der(key))
context = server_der + to_der(key)
text = sys.argv[3].encode()
# small pieces, so that the server can show them as they come
blocks = [encrypt(text[i : i + 16], server) for i in range(0, len(text), 16)]
for block in blocks:
    send(sock, block)
send(sock, b"")
send(sock, key.sign(context + blocks[0], PSS, hashes.SHA256()))
body = receive(sock)
server.verify(receive(sock), b"reply" + context + body, PSS, hashes.SHA256())
print("Received:", decrypt(body, key).decode())
