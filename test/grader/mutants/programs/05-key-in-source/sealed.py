"""Messages: a length, and a Fernet token under a key."""
import struct
from cryptography.fernet import Fernet

fernet = Fernet(b"9nDkL3Sxv0pZ0m1Cz0yX2t7Qb4w5uJ6hGf8eRaTyUio=")


def send(sock, data):
    token = fernet.encrypt(data)
    sock.sendall(struct.pack(">I", len(token)) + token)


def receive(sock):
    def exactly(count):
        data = b""
        while len(data) < count:
            chunk = sock.recv(min(65536, count - len(data)))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    (size,) = struct.unpack(">I", exactly(4))
    if size > 4 << 20:
        raise ValueError("too long")
    return fernet.decrypt(exactly(size))
