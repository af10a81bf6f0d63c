"""Public keys in PEM; then messages: a Fernet key for the receiver's public key, and a token."""
import base64
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def new_key():
    return rsa.generate_private_key(65537, 2048)


def send_line(file, data):
    file.write(base64.b64encode(data) + b"\n")
    file.flush()


def read_line(file):
    line = file.readline(8 << 20)
    if not line.endswith(b"\n"):
        raise EOFError
    return base64.b64decode(line)


def send_key(file, key):
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    send_line(file, key.public_key().public_bytes(*form))


def read_key(file):
    return serialization.load_der_public_key(read_line(file))


def send(file, peer, data):
    secret = Fernet.generate_key()
    send_line(file, peer.encrypt(secret, OAEP) + Fernet(secret).encrypt(data))


def receive(file, key):
    data = read_line(file)
    return Fernet(key.decrypt(data[:256], OAEP)).decrypt(data[256:])
