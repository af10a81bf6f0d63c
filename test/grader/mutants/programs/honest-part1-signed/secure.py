from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def to_der(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def from_der(der):
    key = serialization.load_der_public_key(der)
    if key.key_size != 2048 or key.public_numbers().e != 65537:
        raise ValueError("unacceptable key")
    return key


def encrypt(data, key):
    return b"".join(key.encrypt(data[i : i + 190], OAEP) for i in range(0, len(data), 190))


def decrypt(data, key):
    return b"".join(key.decrypt(data[i : i + 256], OAEP) for i in range(0, len(data), 256))


def sign(data, key):
    return key.sign(data, PSS, hashes.SHA256())


def verify(signature, data, key):
    key.verify(signature, data, PSS, hashes.SHA256())


def send(sock, data):
    sock.sendall(len(data).to_bytes(4, "big") + data)


def receive(sock):
    size = int.from_bytes(sock.recv(4, 256), "big")  # 256 is MSG_WAITALL
    return sock.recv(min(size, 100_000), 256)
