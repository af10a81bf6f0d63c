import socket, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from secure import *


def check(public_key, signature, text):
    try:
        public_key.verify(signature, text, PSS, hashes.SHA256())
        print("-> the signature is VALID")
    except InvalidSignature:
        print("-> WARNING: the signature is INVALID")


key = new_key()
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server = serialization.load_der_public_key(receive(sock))
send(sock, to_der(key))
text = input("> ").encode()
send(sock, encrypt(text, server))
send(sock, key.sign(text, PSS, hashes.SHA256()))
text = decrypt(receive(sock), key)
print("Server:", text.decode())
check(server, receive(sock), text)
