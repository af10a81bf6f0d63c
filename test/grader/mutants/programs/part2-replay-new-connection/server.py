import base64, json, socketserver, sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(json.dumps({"key": PEM.decode()}).encode() + b"\n")
        request = json.loads(self.rfile.readline())
        client = serialization.load_pem_public_key(request["key"].encode())
        wrapped, token = base64.b64decode(request["wrapped"]), request["token"].encode()
        client.verify(base64.b64decode(request["signature"]), wrapped + token, PSS, hashes.SHA256())
        fernet = Fernet(KEY.decrypt(wrapped, OAEP))
        print("Message:", fernet.decrypt(token).decode(), flush=True)
        token = fernet.encrypt(sys.argv[2].encode())
        signature = base64.b64encode(KEY.sign(wrapped + token, PSS, hashes.SHA256()))
        self.wfile.write(json.dumps({"token": token.decode(), "signature": signature.decode()}).encode() + b"\n")


with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    server.serve_forever()
