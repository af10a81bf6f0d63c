import socket
import sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server = serialization.load_der_public_key(s.recv(294, socket.MSG_WAITALL))
key = Fernet.generate_key()
s.sendall(server.encrypt(key, OAEP))
s.recv(2)
fernet = Fernet(key)
s.sendall(fernet.encrypt(sys.argv[3].encode()))
print("server:", fernet.decrypt(s.recv(65536)).decode())
