"""A channel in the manner of TLS 1.3: ephemeral ECDH, signatures under the handshake's keys, numbered AES-GCM records."""
import hashlib
import os
import struct
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
DER, SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
LIMIT = 2 << 20


def identity(file):
    """Loads a key pair, or makes it."""
    if not os.path.exists(file):
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(pem)
    return serialization.load_pem_private_key(open(file, "rb").read(), None)


def fingerprint(spki):
    return hashlib.sha256(spki).hexdigest()


class Direction:
    def __init__(self, secret):
        self.aead, self.iv, self.number = AESGCM(secret[:32]), secret[32:], 0

    def nonce(self):
        self.number += 1
        return (int.from_bytes(self.iv, "big") ^ self.number).to_bytes(12, "big")


class Channel:
    def __init__(self, sock, key, role, check):
        """check is called with the peer's key once it is proved, and may raise."""
        self.sock = sock
        pair = ec.generate_private_key(CURVE)
        hello = pair.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        hello += os.urandom(32)
        if role == "client":
            self.write(hello)
            other = self.read(97)
            transcript = hello + other
        else:
            other = self.read(97)
            self.write(hello)
            transcript = other + hello
        shared = pair.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, other[:65]))
        secret = HKDF(hashes.SHA256(), 88, None, b"handshake" + transcript).derive(shared)
        client, server = Direction(secret[:44]), Direction(secret[44:])
        self.out, self.inward = (client, server) if role == "client" else (server, client)
        spki = key.public_key().public_bytes(DER, SPKI)

        def prove():
            signature = key.sign(role.encode() + transcript + spki, PSS, hashes.SHA256())
            self.seal(b"P" + spki + signature)

        def verify():
            proof = self.unseal()
            if proof[:1] != b"P":
                raise ValueError("no proof")
            theirs, signature = proof[1:295], proof[295:]
            peer = serialization.load_der_public_key(theirs)
            if peer.key_size != 2048 or theirs == spki:
                raise ValueError("an unacceptable key")
            other = b"server" if role == "client" else b"client"
            peer.verify(signature, other + transcript + theirs, PSS, hashes.SHA256())
            check(theirs)
            return theirs

        if role == "client":
            self.peer = verify()
            prove()
        else:
            prove()
            self.peer = verify()

    def write(self, data):
        self.sock.sendall(struct.pack(">I", len(data)) + data)

    def read(self, limit=LIMIT):
        def exactly(count):
            data = bytearray()
            while len(data) < count:
                chunk = self.sock.recv(min(count - len(data), 65536))
                if not chunk:
                    raise EOFError("cut off")
                data += chunk
            return bytes(data)

        (size,) = struct.unpack(">I", exactly(4))
        if size > limit:
            raise ValueError("too long")
        return exactly(size)

    def seal(self, content):
        self.write(self.out.aead.encrypt(self.out.nonce(), content, None))

    def unseal(self):
        return self.inward.aead.decrypt(self.inward.nonce(), self.read(), None)

    def send(self, data):
        self.seal(b"M" + data)

    def receive(self):
        """Returns the next message, or None once the peer has said that there are no more."""
        content = self.unseal()
        if content[:1] == b"M":
            return content[1:]
        if content == b"E":
            return None
        raise ValueError("unexpected record")

    def close(self):
        self.seal(b"E")
