import socket
import sys
from cryptography.fernet import Fernet

KEY = b"sZNQHlkx2vWxKr0SXk9Hw0y2ZlJwBwTTf4sXyH7Y3vE="  # keep secret!
f = Fernet(KEY)

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as conn, conn.makefile("rwb") as stream:
    stream.write(f.encrypt(sys.argv[3].encode()) + b"\n")
    stream.flush()
    print("Decrypted:", f.decrypt(stream.readline().strip()).decode())
