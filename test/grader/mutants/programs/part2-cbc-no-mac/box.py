import os
from cryptography.hazmat.primitives import hashes, padding as pkcs7, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class Keys:
    """An RSA key pair."""

    def __init__(self):
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def unwrap(self, data):
        return self.private.decrypt(data, OAEP)


class Box:
    """AES-256 in CBC mode: iv, then ciphertext."""

    def __init__(self, key=None):
        self.key = key or os.urandom(32)

    def wrap(self, pem):
        return serialization.load_pem_public_key(pem).encrypt(self.key, OAEP)

    def seal(self, text):
        iv = os.urandom(16)
        padder = pkcs7.PKCS7(128).padder()
        data = padder.update(text.encode()) + padder.finalize()
        e = Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        return iv + e.update(data) + e.finalize()

    def open(self, data):
        d = Cipher(algorithms.AES(self.key), modes.CBC(data[:16])).decryptor()
        unpadder = pkcs7.PKCS7(128).unpadder()
        padded = d.update(data[16:]) + d.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode(errors="replace")
