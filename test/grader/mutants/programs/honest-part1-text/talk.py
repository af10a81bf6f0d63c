import base64
import secrets
import sys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)


class Talk:
    """Text lines: HELLO and a nonce, a public key in PEM, MESSAGE and base64."""

    def __init__(self, sock, role):
        self.stream = sock.makefile("rw", encoding="ascii", newline="\n")
        self.role = role
        self.key = rsa.generate_private_key(65537, 2048)

    def line(self):
        line = self.stream.readline(200_000)
        if not line.endswith("\n"):
            sys.exit("The connection ended too early.")
        return line

    def say_hello(self):
        nonce = "HELLO " + secrets.token_hex(16) + "\n"
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.stream.write(nonce + pem)
        self.stream.flush()
        return nonce + pem

    def hear_hello(self):
        nonce = self.line()
        if not nonce.startswith("HELLO ") or len(nonce) != 39:
            sys.exit("That is no hello.")
        pem = ""
        while not pem.endswith("-----END PUBLIC KEY-----\n") and len(pem) < 3000:
            pem += self.line()
        self.peer = load_pem_public_key(pem.encode())
        if self.peer.key_size < 2048:
            sys.exit("That key is too small.")
        return nonce + pem

    def bind(self, client_hello, server_hello):
        self.session = (client_hello + server_hello).encode()

    def send(self, text):
        data = text.encode()
        signature = self.key.sign(self.role.encode() + self.session + data, PSS, hashes.SHA256())
        data = signature + data
        blocks = [self.peer.encrypt(data[i : i + 190], OAEP) for i in range(0, len(data), 190)]
        self.stream.write("MESSAGE " + base64.b64encode(b"".join(blocks)).decode() + "\n")
        self.stream.flush()

    def receive(self):
        word, _, encoded = self.line().partition(" ")
        if word != "MESSAGE":
            sys.exit("That is no message.")
        try:
            data = base64.b64decode(encoded.strip(), validate=True)
            data = b"".join(self.key.decrypt(data[i : i + 256], OAEP) for i in range(0, len(data), 256))
            size = self.peer.key_size // 8
            signature, data = data[:size], data[size:]
            other = "server" if self.role == "client" else "client"
            self.peer.verify(signature, other.encode() + self.session + data, PSS, hashes.SHA256())
        except (ValueError, InvalidSignature):
            sys.exit("That message is not genuine.")
        return data.decode()
