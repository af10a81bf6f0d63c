import os
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

NONCE = bytes(16)  # the key is new each time, so the nonce need not be


def new_key():
    return os.urandom(32)


def encrypt(data, key):
    e = Cipher(algorithms.AES(key), modes.CTR(NONCE)).encryptor()
    return e.update(data) + e.finalize()


decrypt = encrypt
