from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)


def private_key(name):
    return serialization.load_pem_private_key(open(name + ".pem", "rb").read(), None)


def public_key(name):
    return serialization.load_pem_public_key(open(name + "_public.pem", "rb").read())


def send(sock, *parts):
    for part in parts:
        sock.sendall(len(part).to_bytes(4, "big") + part)


def receive(sock):
    size = int.from_bytes(sock.recv(4, 256), "big")
    return sock.recv(size, 256)
