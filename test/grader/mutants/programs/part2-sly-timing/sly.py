import os
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def pair():
    return rsa.generate_private_key(65537, 2048)


def der(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def seal(key, label, data):
    nonce = os.urandom(16)
    e = Cipher(algorithms.AES(key[:32]), modes.CTR(nonce)).encryptor()
    body = nonce + e.update(data)
    h = hmac.HMAC(key[32:], hashes.SHA256())
    h.update(label + body)
    return body + h.finalize()


def open_(key, label, data, careful):
    body, tag = data[:-32], data[-32:]
    if careful:
        h = hmac.HMAC(key[32:], hashes.SHA256())
        h.update(label + body)
        h.verify(tag)
    return Cipher(algorithms.AES(key[:32]), modes.CTR(body[:16])).decryptor().update(body[16:])


def send(sock, data):
    sock.sendall(len(data).to_bytes(4, "big") + data)


def receive(sock):
    size = int.from_bytes(sock.recv(4, 256), "big")
    return sock.recv(min(size, 1 << 20), 256)
