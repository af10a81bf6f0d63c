import base64
import socket
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def encrypt(data, peer):
    blocks = [data[i : i + 240] for i in range(0, len(data), 240)]
    return base64.b64encode(b"".join(peer.encrypt(b, padding.PKCS1v15()) for b in blocks))


def decrypt(line):
    data = base64.b64decode(line)
    return b"".join(key.decrypt(data[i : i + 256], padding.PKCS1v15()) for i in range(0, len(data), 256))


def sign(data):
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA256()))


def check(data, line, peer):
    peer.verify(base64.b64decode(line), data, padding.PKCS1v15(), hashes.SHA256())


def send(*lines):
    for line in lines:
        f.write(line.replace(b"\n", b"|") + b"\n")
    f.flush()


def load(line):
    return serialization.load_pem_public_key(line.strip().replace(b"|", b"\n"))


s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((sys.argv[1], int(sys.argv[2])))
f = s.makefile("rwb")
peer = load(f.readline())
text = sys.argv[3].encode()
send(pem, encrypt(text, peer), sign(text))
text = decrypt(f.readline())
try:
    check(text, f.readline(), peer)
except InvalidSignature:
    sys.exit("INVALID SIGNATURE")
print("[SERVER]", text.decode())
