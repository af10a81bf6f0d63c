import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server_der = receive(sock)
server = serialization.load_der_public_key(server_der)
send(sock, to_der(key))
text = sys.argv[3].encode()
send(sock, encrypt(text, server))
send(sock, key.sign(server_der + to_der(key) + text, PSS, hashes.SHA256()))
print("Received:", decrypt(receive(sock), key).decode())
