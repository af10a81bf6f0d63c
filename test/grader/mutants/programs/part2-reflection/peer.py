from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class Peer:
    def __init__(self, sock):
        self.sock = sock

    def send(self, data):
        self.sock.sendall(b"%08d" % len(data) + data)

    def receive(self):
        size = int(self.sock.recv(8, 256))
        data = self.sock.recv(size, 256)
        if len(data) < size:
            raise SystemExit("the connection broke")
        return data

    def say(self, text):
        self.send(self.fernet.encrypt(text.encode()))

    def hear(self):
        return self.fernet.decrypt(self.receive()).decode()

    def make_key(self):
        server = serialization.load_der_public_key(self.receive())
        key = Fernet.generate_key()
        self.send(server.encrypt(key, oaep))
        self.fernet = Fernet(key)

    def take_key(self):
        pair = rsa.generate_private_key(65537, 3072)
        self.send(
            pair.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        self.fernet = Fernet(pair.decrypt(self.receive(), oaep))
