import base64, hashlib
from cryptography.fernet import Fernet


def box(nonce):
    # both sides know the nonce, so both have the same key
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(nonce).digest()))
