import socket, sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from secure import *


def check(public_key, signature, text):
    try:
        public_key.verify(signature, text, PSS, hashes.SHA256())
        print("-> the signature is VALID")
        return True
    except InvalidSignature:
        print("-> WARNING: the signature is INVALID")
        return False


key = new_key()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
send(sock, to_der(key))
client = serialization.load_der_public_key(receive(sock))
text = decrypt(receive(sock), key)
print("Client:", text.decode())
if check(client, receive(sock), text):
    answer = input("> ").encode()
    send(sock, encrypt(answer, client))
    send(sock, key.sign(answer, PSS, hashes.SHA256()))
