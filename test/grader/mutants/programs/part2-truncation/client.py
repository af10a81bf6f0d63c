import socket, sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
import stream

oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = sock.makefile("rb")
server = serialization.load_der_public_key(f.read(294))
key = Fernet.generate_key()
sock.sendall(server.encrypt(key, oaep))
stream.send(sock, key, "C", sys.argv[3])
sock.shutdown(socket.SHUT_WR)
print("Message:", stream.receive(f, key, "S"))
