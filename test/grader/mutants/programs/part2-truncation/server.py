import socket, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
import stream

oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
pair = rsa.generate_private_key(65537, 2048)
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
f = sock.makefile("rb")
der = pair.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
sock.sendall(der)
key = pair.decrypt(f.read(256), oaep)
print("Message:", stream.receive(f, key, "C"))
stream.send(sock, key, "S", sys.argv[2])
