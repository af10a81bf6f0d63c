import os
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DER = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
ECDSA = ec.ECDSA(hashes.SHA256())


def send(sock, data):
    sock.sendall(len(data).to_bytes(4, "big") + data)


def receive(sock):
    return sock.recv(int.from_bytes(sock.recv(4, 256), "big"), 256)  # 256 is MSG_WAITALL


def new_key():
    key = ec.generate_private_key(ec.SECP256R1())
    return key, key.public_key().public_bytes(*DER)


class Session:
    """An ephemeral key for ECDH, and a key that signs."""

    def __init__(self, sock):
        self.sock = sock
        self.ephemeral, mine = new_key()
        self.key, self.name = new_key()
        send(sock, mine)
        send(sock, self.name)
        theirs = serialization.load_der_public_key(receive(sock))
        self.theirs = receive(sock)
        self.peer = serialization.load_der_public_key(self.theirs)
        secret = self.ephemeral.exchange(ec.ECDH(), theirs)
        self.gcm = AESGCM(HKDF(hashes.SHA256(), 32, None, b"lab").derive(secret))

    def say(self, text):
        nonce = os.urandom(12)
        data = nonce + self.gcm.encrypt(nonce, text.encode(), self.name)
        send(self.sock, data)
        send(self.sock, self.key.sign(self.name + data, ECDSA))

    def hear(self):
        data, signature = receive(self.sock), receive(self.sock)
        self.peer.verify(signature, self.theirs + data, ECDSA)
        return self.gcm.decrypt(data[:12], data[12:], self.theirs).decode()
