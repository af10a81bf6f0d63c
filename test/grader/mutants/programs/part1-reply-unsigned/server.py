import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from secure import *

key = new_key()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
send(sock, to_der(key))
client_der = receive(sock)
client = serialization.load_der_public_key(client_der)
text = decrypt(receive(sock), key)
client.verify(receive(sock), to_der(key) + client_der + text, PSS, hashes.SHA256())
print("Received (signature is valid):", text.decode())
send(sock, encrypt(sys.argv[2].encode(), client))
