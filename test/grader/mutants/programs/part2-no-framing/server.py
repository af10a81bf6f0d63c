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

server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(1)
client, addr = server.accept()
print("Client connected:", addr)
client.send(pem)
client_pem = client.recv(1024)
client_key = serialization.load_pem_public_key(client_pem)
client.send(b"ok")
wrapped = client.recv(1024)
client.send(b"ok")
token = client.recv(1024)
client.send(b"ok")
signature = client.recv(1024)
client_key.verify(signature, b"request" + pem + wrapped + token, PSS, hashes.SHA256())
fernet = Fernet(key.decrypt(wrapped, OAEP))
print("Message:", fernet.decrypt(token).decode())
token = fernet.encrypt(sys.argv[2].encode())
client.send(token)
time.sleep(0.2)  # or both arrive in one piece
client.send(key.sign(b"reply" + client_pem + wrapped + token, PSS, hashes.SHA256()))
client.close()
