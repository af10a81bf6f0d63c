import socket
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
private_key = rsa.generate_private_key(65537, 2048)
public_pem = private_key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def encrypt(text, key):
    data = text.encode()
    return b"".join(key.encrypt(data[i : i + 190], OAEP) for i in range(0, len(data), 190))


def decrypt(data):
    return b"".join(private_key.decrypt(data[i : i + 256], OAEP) for i in range(0, len(data), 256)).decode()


server = socket.socket()
server.bind(("0.0.0.0", int(sys.argv[1])))
server.listen()
client, address = server.accept()
client.send(public_pem)
client_key = serialization.load_pem_public_key(client.recv(1024))
client.send(b"OK")
print("Message from client: " + decrypt(client.recv(65536)))
client.send(encrypt(sys.argv[2], client_key))
client.close()
