"""A key pair in a text file, and the public keys of those met before."""
import os
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def load(name):
    file = name + "_key.pem"
    if not os.path.exists(file):
        key = rsa.generate_private_key(65537, 3072)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(pem)
    return serialization.load_pem_private_key(open(file, "rb").read(), None)


def public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def check(peer, pem):
    """Remembers the key of a peer at the first contact, and compares it later."""
    file = "known_" + peer + ".pem"
    if not os.path.exists(file):
        open(file, "w").write(pem)
        print("first contact with", peer)
    elif open(file).read() != pem:
        raise ValueError("THE KEY OF " + peer + " HAS CHANGED")


def sign(key, *parts):
    return key.sign("|".join(parts).encode(), PSS, hashes.SHA256()).hex()


def verify(pem, signature, *parts):
    key = serialization.load_pem_public_key(pem.encode())
    if key.key_size < 2048 or key.public_numbers().e != 65537:
        raise ValueError("weak key")
    key.verify(bytes.fromhex(signature), "|".join(parts).encode(), PSS, hashes.SHA256())


def wrap(pem, secret):
    return serialization.load_pem_public_key(pem.encode()).encrypt(secret, OAEP).hex()


def unwrap(key, wrapped):
    return key.decrypt(bytes.fromhex(wrapped), OAEP)
