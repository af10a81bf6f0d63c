import base64, json, socket, sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock, sock.makefile("rwb") as stream:
    server = serialization.load_pem_public_key(json.loads(stream.readline())["key"].encode())
    fernet_key = Fernet.generate_key()
    fernet = Fernet(fernet_key)
    wrapped, token = server.encrypt(fernet_key, OAEP), fernet.encrypt(sys.argv[3].encode())
    signature = KEY.sign(wrapped + token, PSS, hashes.SHA256())
    request = {
        "key": PEM.decode(),
        "wrapped": base64.b64encode(wrapped).decode(),
        "token": token.decode(),
        "signature": base64.b64encode(signature).decode(),
    }
    stream.write(json.dumps(request).encode() + b"\n")
    stream.flush()
    reply = json.loads(stream.readline())
    token = reply["token"].encode()
    server.verify(base64.b64decode(reply["signature"]), wrapped + token, PSS, hashes.SHA256())
    print("Reply:", fernet.decrypt(token).decode())
