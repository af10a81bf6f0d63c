"""Messages of several fields, each with its length in front, and what is signed."""
import hashlib
import struct
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
LIMIT = 4 << 20


def generate():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_der(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load(der):
    key = serialization.load_der_public_key(der)
    if not isinstance(key, rsa.RSAPublicKey) or not 2048 <= key.key_size <= 8192:
        raise ValueError("an unacceptable key")
    return key


def transcript(*fields):
    return hashlib.sha256(b"".join(struct.pack(">I", len(f)) + f for f in fields)).digest()


def send(sock, data):
    sock.sendall(struct.pack(">I", len(data)) + data)


def receive(sock, limit=LIMIT):
    def exactly(count):
        data = bytearray()
        while len(data) < count:
            chunk = sock.recv(min(65536, count - len(data)))
            if not chunk:
                raise EOFError("the peer has gone")
            data += chunk
        return bytes(data)

    (size,) = struct.unpack(">I", exactly(4))
    if size > limit:
        raise ValueError("too long")
    return exactly(size)
