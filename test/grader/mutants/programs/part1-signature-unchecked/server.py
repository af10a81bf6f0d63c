import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

print("generating keys ...")
key = new_key()
answer = input("reply> ")
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
sock, peer = listener.accept()
print("client", peer)
client = serialization.load_der_public_key(receive(sock))
send(sock, to_der(key))
text = decrypt(receive(sock), key)
signature = receive(sock)
# TODO verify
print("signature:", signature.hex())
print("message:", text.decode())
send(sock, encrypt(answer.encode(), client))
send(sock, key.sign(answer.encode(), PSS, hashes.SHA256()))
