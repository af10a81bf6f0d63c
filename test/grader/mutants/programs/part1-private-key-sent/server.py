import pickle, socket
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
# one key for the two of us
key = rsa.generate_private_key(65537, 2048)
pem = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
s = socket.socket()
s.bind(("", 4444))
s.listen(1)
reply = input()
c, a = s.accept()
c.send(pem)
blocks = pickle.loads(c.recv(100000))
print("<<", b"".join(key.decrypt(b, oaep) for b in blocks).decode())
data = reply.encode()
c.send(pickle.dumps([key.public_key().encrypt(data[i : i + 200], oaep) for i in range(0, len(data), 200)]))
