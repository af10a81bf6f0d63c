import os
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def new_key():
    return os.urandom(32)


def encrypt(data, key):
    padder = padding.PKCS7(128).padder()
    data = padder.update(data) + padder.finalize()
    e = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return e.update(data) + e.finalize()


def decrypt(data, key):
    d = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(d.update(data) + d.finalize()) + unpadder.finalize()
