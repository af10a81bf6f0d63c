import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

print("generating keys ...")
key = new_key()
text = input("message> ").encode()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
send(sock, to_der(key))
server = serialization.load_der_public_key(receive(sock))
send(sock, encrypt(text, server))
send(sock, key.sign(text, PSS, hashes.SHA256()))
answer = decrypt(receive(sock), key)
signature = receive(sock)
print("signature:", signature.hex())
print("message:", answer.decode())
