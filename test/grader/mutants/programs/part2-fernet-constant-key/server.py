import socket
import sys
from cryptography.fernet import Fernet

KEY = b"sZNQHlkx2vWxKr0SXk9Hw0y2ZlJwBwTTf4sXyH7Y3vE="  # keep secret!
f = Fernet(KEY)

with socket.create_server(("", int(sys.argv[1]))) as server:
    conn, addr = server.accept()
    with conn, conn.makefile("rwb") as stream:
        token = stream.readline().strip()
        print("Received token:", token.decode())
        print("Decrypted:", f.decrypt(token).decode())
        stream.write(f.encrypt(sys.argv[2].encode()) + b"\n")
