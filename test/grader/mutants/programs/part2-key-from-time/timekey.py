import base64
import hashlib
from cryptography.fernet import Fernet


def box(seconds):
    # a new key every time!
    return Fernet(base64.urlsafe_b64encode(hashlib.md5(str(seconds).encode()).hexdigest().encode()))
