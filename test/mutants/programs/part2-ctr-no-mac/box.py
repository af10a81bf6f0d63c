import os
from cryptography.hazmat.primitives import hashes, serialization
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
    """AES-256 in CTR mode: nonce, then ciphertext."""

    def __init__(self, key=None):
        self.key = key or os.urandom(32)

    def wrap(self, pem):
        return serialization.load_pem_public_key(pem).encrypt(self.key, OAEP)

    def seal(self, text):
        iv = os.urandom(16)
        e = Cipher(algorithms.AES(self.key), modes.CTR(iv)).encryptor()
        return iv + e.update(text.encode()) + e.finalize()

    def open(self, data):
        d = Cipher(algorithms.AES(self.key), modes.CTR(data[:16])).decryptor()
        return (d.update(data[16:]) + d.finalize()).decode(errors="replace")
