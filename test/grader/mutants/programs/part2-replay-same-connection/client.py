import socket
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
message = input("message: ").encode()
c = socket.create_connection(("127.0.0.1", 6789))
f = c.makefile("rwb")
server = serialization.load_pem_public_key(bytes.fromhex(f.readline().decode()))
key = Fernet.generate_key()
session = Fernet(key)
f.write(server.encrypt(key, oaep).hex().encode() + b"\n")
f.write(session.encrypt(message) + b"\n")
f.flush()
print("server:", session.decrypt(f.readline().strip()).decode())
