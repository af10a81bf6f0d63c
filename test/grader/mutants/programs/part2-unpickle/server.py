import pickle
import socket
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HEADER = 10


class Server:
    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        self.pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind(("localhost", 8000))
        self.socket.listen(10)

    def send(self, c, obj):
        data = pickle.dumps(obj)
        c.sendall(bytes(f"{len(data):<{HEADER}}", "utf-8") + data)

    def receive(self, c):
        size = int(c.recv(HEADER))
        data = b""
        while len(data) < size:
            data += c.recv(4096)
        return pickle.loads(data)

    def start(self, reply):
        while True:
            c, address = self.socket.accept()
            try:
                self.send(c, {"public_key": self.pem})
                request = self.receive(c)
                client = serialization.load_pem_public_key(request["public_key"])
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
                client.verify(request["signature"], request["key"] + request["token"], pss, hashes.SHA256())
                oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
                fernet = Fernet(self.key.decrypt(request["key"], oaep))
                print(address, "->", fernet.decrypt(request["token"]).decode(), flush=True)
                token = fernet.encrypt(reply.encode())
                self.send(c, {"token": token, "signature": self.key.sign(token, pss, hashes.SHA256())})
            except Exception as e:
                print("error:", e, flush=True)
            c.close()


Server().start(input("reply: "))
