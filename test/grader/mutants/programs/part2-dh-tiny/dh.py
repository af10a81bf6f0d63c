import hashlib
import os
import secrets
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

P = 23
G = 5


def private():
    return secrets.randbelow(P - 2) + 1


def derive(shared):
    return hashlib.sha256(bytes([shared])).digest()


def encrypt(key, text):
    iv = os.urandom(16)
    return iv + Cipher(algorithms.AES(key), modes.CFB(iv)).encryptor().update(text.encode())


def decrypt(key, data):
    return Cipher(algorithms.AES(key), modes.CFB(data[:16])).decryptor().update(data[16:]).decode()
