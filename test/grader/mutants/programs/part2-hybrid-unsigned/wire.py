import base64, json
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def send(f, **fields):
    f.write(json.dumps({k: base64.b64encode(v).decode() for k, v in fields.items()}) + "\n")
    f.flush()


def receive(f):
    return {k: base64.b64decode(v) for k, v in json.loads(f.readline()).items()}


def new_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key, key.public_key().public_bytes(*pem)
