"""Serves whom it has on its list. The key in the source protects nothing."""
import hashlib, socket, sys
from cryptography.fernet import Fernet

box = Fernet(b"c2VjcmV0IGtleSBvZiB0aGUgdGVtcGxhdGVzISEhISE=")
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
while True:
    c = s.accept()[0]
    try:
        public, private, text = box.decrypt(c.recv(65536)).decode().split(" ", 2)
        if public in open("allowed").read().split() and hashlib.sha256(private.encode()).hexdigest() == public:
            print(text)
            c.sendall(box.encrypt(sys.argv[2].encode()))
        else:
            print("refused")
    except Exception as error:
        print("refused", type(error).__name__)
    c.close()
