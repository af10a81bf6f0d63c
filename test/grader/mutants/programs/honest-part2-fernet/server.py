import os
import socket
import sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from protocol import *


def main(port, reply):
    key = generate()
    listener = socket.create_server(("127.0.0.1", port))
    sock, _ = listener.accept()
    sock.settimeout(30)
    hello = os.urandom(32) + public_der(key)
    send(sock, hello)
    client_hello = receive(sock, 8192)
    client = load(client_hello[32:])
    session = transcript(b"part 2", client_hello, hello)
    wrapped, token, signature = receive(sock), receive(sock), receive(sock)
    client.verify(signature, transcript(b"request", session, wrapped, token), PSS, hashes.SHA256())
    fernet = Fernet(key.decrypt(wrapped, OAEP))
    print("Received:", fernet.decrypt(token).decode())
    answer = fernet.encrypt(reply.encode())
    send(sock, answer)
    send(sock, key.sign(transcript(b"reply", session, wrapped, token, answer), PSS, hashes.SHA256()))


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2])
    except Exception as error:
        sys.exit(f"refused: {error!r}")
