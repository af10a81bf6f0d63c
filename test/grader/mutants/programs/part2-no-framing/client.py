import socket
import sys
import time
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
key = rsa.generate_private_key(65537, 2048)
pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

sock = socket.socket()
sock.connect((sys.argv[1], int(sys.argv[2])))
server_pem = sock.recv(1024)
server_key = serialization.load_pem_public_key(server_pem)
sock.send(pem)
sock.recv(1024)
fernet_key = Fernet.generate_key()
fernet = Fernet(fernet_key)
wrapped = server_key.encrypt(fernet_key, OAEP)
token = fernet.encrypt(sys.argv[3].encode())
sock.send(wrapped)
sock.recv(1024)
sock.send(token)
sock.recv(1024)
sock.send(key.sign(b"request" + server_pem + wrapped + token, PSS, hashes.SHA256()))
token = sock.recv(1024)
signature = sock.recv(1024)
server_key.verify(signature, b"reply" + pem + wrapped + token, PSS, hashes.SHA256())
print("Reply:", fernet.decrypt(token).decode())
sock.close()
