import pickle
import socket
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HEADER = 10


def send(c, obj):
    data = pickle.dumps(obj)
    c.sendall(bytes(f"{len(data):<{HEADER}}", "utf-8") + data)


def receive(c):
    size = int(c.recv(HEADER))
    data = b""
    while len(data) < size:
        data += c.recv(4096)
    return pickle.loads(data)


text = input("message: ")
c = socket.socket()
c.connect(("localhost", 8000))
key = rsa.generate_private_key(65537, 2048)
pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
server = serialization.load_pem_public_key(receive(c)["public_key"])
pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
fernet_key = Fernet.generate_key()
wrapped = server.encrypt(fernet_key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
token = Fernet(fernet_key).encrypt(text.encode())
signature = key.sign(wrapped + token, pss, hashes.SHA256())
send(c, {"public_key": pem, "key": wrapped, "token": token, "signature": signature})
reply = receive(c)
server.verify(reply["signature"], reply["token"], pss, hashes.SHA256())
print("Server ->", Fernet(fernet_key).decrypt(reply["token"]).decode())
