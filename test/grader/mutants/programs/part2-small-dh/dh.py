import base64, hashlib, random
from cryptography.fernet import Fernet

P = 4294967291  # the largest prime below 2**32
G = 2


def exponent():
    return random.SystemRandom().randrange(2, P - 1)


def fernet(number):
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(str(number).encode()).digest()))
