import socket
import sys
import threading
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


def listen(conn, fernet):
    while True:
        try:
            data = conn.recv(65536)
            print("received", len(data), "bytes", flush=True)
            print("client:", fernet.decrypt(data).decode(), flush=True)
            conn.sendall(fernet.encrypt(sys.argv[2].encode()))
        except Exception as e:
            print("could not decrypt:", repr(e), flush=True)


key = rsa.generate_private_key(65537, 2048)
s = socket.socket()
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
while True:
    conn, addr = s.accept()
    conn.sendall(
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    fernet = Fernet(key.decrypt(conn.recv(256, socket.MSG_WAITALL), OAEP))
    conn.sendall(b"ok")
    threading.Thread(target=listen, args=(conn, fernet)).start()
