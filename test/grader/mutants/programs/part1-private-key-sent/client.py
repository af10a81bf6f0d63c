import pickle, socket
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
c = socket.socket()
c.connect(("localhost", 4444))
key = serialization.load_pem_private_key(c.recv(4096), None)
data = input().encode()
c.send(pickle.dumps([key.public_key().encrypt(data[i : i + 200], oaep) for i in range(0, len(data), 200)]))
blocks = pickle.loads(c.recv(100000))
print("<<", b"".join(key.decrypt(b, oaep) for b in blocks).decode())
