import socket
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
answer = input("answer: ").encode()
key = rsa.generate_private_key(65537, 2048)
pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
s = socket.socket()
s.bind(("127.0.0.1", 6789))
s.listen(1)
print("listening")
c, _ = s.accept()
f = c.makefile("rwb")
f.write(pem.hex().encode() + b"\n")
f.flush()
session = Fernet(key.decrypt(bytes.fromhex(f.readline().decode()), oaep))
for line in f:
    try:
        print("client:", session.decrypt(line.strip()).decode())
    except InvalidToken:
        print("bad token")
        break
    f.write(session.encrypt(answer) + b"\n")
    f.flush()
