import os
import socket
import sys
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from protocol import *


def main(host, port, message):
    key = generate()
    sock = socket.create_connection((host, port), timeout=30)
    hello = os.urandom(32) + public_der(key)
    send(sock, hello)
    server_hello = receive(sock, 8192)
    server = load(server_hello[32:])
    session = transcript(b"part 2", hello, server_hello)
    fernet_key = Fernet.generate_key()
    fernet = Fernet(fernet_key)
    wrapped = server.encrypt(fernet_key, OAEP)
    token = fernet.encrypt(message.encode())
    send(sock, wrapped)
    send(sock, token)
    send(sock, key.sign(transcript(b"request", session, wrapped, token), PSS, hashes.SHA256()))
    answer, signature = receive(sock), receive(sock)
    server.verify(signature, transcript(b"reply", session, wrapped, token, answer), PSS, hashes.SHA256())
    print("Received:", fernet.decrypt(answer).decode())


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    except Exception as error:
        sys.exit(f"refused: {error!r}")
