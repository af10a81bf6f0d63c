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


client = socket.socket()
client.connect((sys.argv[1], int(sys.argv[2])))
server_key = serialization.load_pem_public_key(client.recv(1024))
client.send(public_pem)
client.recv(2)
client.send(encrypt(sys.argv[3], server_key))
print("Message from server: " + decrypt(client.recv(65536)))
client.close()
